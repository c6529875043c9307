/* What a unit's files say together, which values are equal, and what a difference takes. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l4sync/resources.h"
#include "l4sync/unit_meaning.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

/* A fragment and drop-ins, each behind the other with "--\n" between. */
static struct unit_config config(const char *text)
{
	struct unit_config c = {.name = "x.service", .found = true};

	c.dropins = arena_array(arena, struct unit_file, 8);
	for (const char *next; text; text = next) {
		const char *end = strstr(text, "--\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		const struct content *content = content_new(arena, text, n);

		next = end ? end + 3 : NULL;
		if (!c.fragment.content)
			c.fragment.content = content;
		else
			c.dropins[c.n_dropins++].content = content;
	}
	return c;
}

static void add_values(struct buf *b, const char **values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%s", i ? "|" : "", values[i]);
}

/* "restart: Service.Nice 1>2", the worst class and each difference. */
static const char *differences(const char *old, const char *new)
{
	struct unit_config before = config(old), after = config(new);
	_cleanup_buf_ struct buf b = BUF_INIT;
	enum directive_class worst;
	struct difference *d;
	size_t n;

	unit_differences(arena, &before, &after, &d, &n, &worst);
	buf_adds(&b, directive_class_name(worst));
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, " %s.%s=", d[i].section, d[i].key);
		add_values(&b, d[i].old, d[i].n_old);
		buf_addc(&b, '>');
		add_values(&b, d[i].new, d[i].n_new);
	}
	return arena_strndup(arena, b.data, b.size);
}

#define S "[Service]\n"

static const struct {
	const char *old, *new, *expected;
} cases[] = {
	/* The same: comments, order of directives and sections, files, spellings. */
	{S "Nice=1\n", S "# why\nNice=1\n\n", "none"},
	{S "Nice=1\nUMask=077\n", S "UMask=0077\nNice=+1\n", "none"},
	{S "Nice=1\nUser=a\n", S "User=a\n--\n" S "Nice=1\n", "none"},
	{S "Nice=1\n", S "Nice=5\n--\n" S "Nice=1\n", "none"},
	{S "NoNewPrivileges=yes\n", S "NoNewPrivileges=true\n", "none"},
	{S "NoNewPrivileges=1\n", S "NoNewPrivileges=On\n", "none"},
	{S "User=a\n", S "User=a\nPrivateTmp=off\n", "none"},
	{S "User=a\n", S "User=a\nIgnoreSIGPIPE=true\n", "none"},
	{S "TimeoutStopSec=1min\n", S "TimeoutStopSec=60s\n", "none"},
	{S "TimeoutStopSec=90\n", S "TimeoutStopSec=1min 30s\n", "none"},
	{S "TimeoutStopSec=1.5s\n", S "TimeoutStopSec=1500ms\n", "none"},
	{S "RestartSec=1h\n", S "RestartSec=60m\n", "none"},
	{S "MemoryMax=1G\n", S "MemoryMax=1024M\n", "none"},
	{S "MemoryHigh=1.5G\n", S "MemoryHigh=1536M\n", "none"},
	{S "LimitNOFILE=1024\n", S "LimitNOFILE=1K:1024\n", "none"},
	{S "KillSignal=SIGINT\n", S "KillSignal=2\n", "none"},
	{S "KillSignal=INT\n", S "KillSignal=SIGINT\n", "none"},
	{S "User=a\n", S "User=a\nNice=\n", "none"},
	{S "User=a\nNice=3\n--\n" S "Nice=\n", S "User=a\n", "none"},
	{S "Environment=A=1 B=2\n", S "Environment=A=1\nEnvironment=\"B=2\"\n", "none"},
	{S "Environment=A=0 B=2\nEnvironment=A=1\n", S "Environment=A=1 B=2\n", "none"},
	{S "SystemCallFilter=a b\n", S "SystemCallFilter=a\nSystemCallFilter=b\n", "none"},
	{S "ReadWritePaths=/a /b\n", S "ReadWritePaths=/b /a\n", "none"},
	{"[Unit]\nAfter=a.service b.service\n", "[Unit]\nAfter=b.service\nAfter=a.service\n",
		"none"},
	{S "ExecStart=/a \\\n  -b\n", S "ExecStart=/a   -b\n", "none"},
	{"[Unit]\nStartLimitInterval=5\n", "[Unit]\nStartLimitIntervalSec=5s\n", "none"},
	{S "ReadWriteDirectories=/a\n", S "ReadWritePaths=/a\n", "none"},
	{S "User=a\n[Install]\nWantedBy=a.target\n", S "User=a\n[Install]\nWantedBy=b.target\n",
		"none"},
	{S "User=a\nX-Mine=1\n[X-Other]\nA=1\n", S "User=a\n",
		"none Service.X-Mine=1> X-Other.A=1>"},

	/* What differs, and what it takes. */
	{"[Unit]\nDescription=a\n", "[Unit]\nDescription=b\n", "reload Unit.Description=a>b"},
	{"[Unit]\nAfter=a.service\n", "[Unit]\nAfter=a.service b.service\n",
		"reload Unit.After=a.service>a.service|b.service"},
	{S "ExecStop=/a\n", S "ExecStop=/b\n", "next Service.ExecStop=/a>/b"},
	{S "MemoryMax=1G\n", S "MemoryMax=1025M\n", "live Service.MemoryMax=1G>1025M"},
	{S "MemoryMax=1G\nNice=1\n", S "MemoryMax=2G\nNice=2\n",
		"restart Service.MemoryMax=1G>2G Service.Nice=1>2"},
	{S "RestartSec=1\n", S "RestartSec=1min\n", "reload Service.RestartSec=1>1min"},
	{S "User=a\n", S "User=a\nNoNewPrivileges=yes\n", "restart Service.NoNewPrivileges=>yes"},
	{S "User=a\n", S "User=a\nNoSuchThing=1\n", "restart Service.NoSuchThing=>1"},
	{S "User=a\n", S "User=a\nOnCalendar=daily\n", "restart Service.OnCalendar=>daily"},
	{"[Timer]\nOnCalendar=daily\n", "[Timer]\nOnCalendar=weekly\n",
		"reload Timer.OnCalendar=daily>weekly"},

	/* Order is meaning where systemd says so. */
	{S "EnvironmentFile=/a\nEnvironmentFile=/b\n", S "EnvironmentFile=/b\nEnvironmentFile=/a\n",
		"restart Service.EnvironmentFile=/a|/b>/b|/a"},
	{S "SystemCallFilter=a ~b\n", S "SystemCallFilter=~b a\n",
		"restart Service.SystemCallFilter=a|~b>~b|~a"},
	{S "SystemCallFilter=~a b\n", S "SystemCallFilter=~a\nSystemCallFilter=b\n",
		"restart Service.SystemCallFilter=~a|~b>~a|b"},
	{S "ExecStart=/a\nExecStart=/b\n", S "ExecStart=/b\nExecStart=/a\n",
		"restart Service.ExecStart=/a|/b>/b|/a"},
	{S "Environment=A=1 A=2\n", S "Environment=A=2 A=1\n",
		"restart Service.Environment=A=1|A=2>A=2|A=1"},

	/* Lists: added to, taken back. */
	{S "ExecStart=/a\n", S "ExecStart=/a\n--\n" S "ExecStart=\nExecStart=/b\n",
		"restart Service.ExecStart=/a>/b"},
	{S "AmbientCapabilities=\n", S "User=\n", "none"},
	{S "CapabilityBoundingSet=\n", S "User=\n", "restart Service.CapabilityBoundingSet=>"},
	{S "CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_A\n",
		S "CapabilityBoundingSet=CAP_A\n", "none"},
	{S "CapabilityBoundingSet=\nCapabilityBoundingSet=~CAP_A\n",
		S "CapabilityBoundingSet=~CAP_A\n",
		"restart Service.CapabilityBoundingSet=|~CAP_A>~CAP_A"},
	{S "ExecStart=/a 'b  c'\n", S "ExecStart=/a 'b c'\n",
		"restart Service.ExecStart=/a 'b  c'>/a 'b c'"},
	{"[Unit]\nAfter=a.service\n", "[Unit]\nAfter=a.service\nAfter=\n", "none"},
	{"[Unit]\nConditionPathExists=/a\nConditionHost=b\n",
		"[Unit]\nConditionPathExists=/a\nConditionHost=b\n--\n[Unit]\nConditionHost=\n",
		"reload Unit.ConditionHost=b> Unit.ConditionPathExists=/a>"},
	{"[Timer]\nOnCalendar=daily\nOnBootSec=1\n",
		"[Timer]\nOnCalendar=daily\nOnBootSec=1\n--\n[Timer]\nOnCalendar=\nOnCalendar="
		"weekly\n",
		"reload Timer.OnBootSec=1> Timer.OnCalendar=daily>weekly"},
	{S "SupplementaryGroups=a\n", S "SupplementaryGroups=a\n--\n" S "SupplementaryGroups=b\n",
		"restart Service.SupplementaryGroups=a>a|b"},
};

START_TEST(differ)
{
	ck_assert_str_eq(differences(cases[_i].old, cases[_i].new), cases[_i].expected);
}
END_TEST

static const struct {
	enum directive_kind kind;
	const char *value, *expected;
} values[] = {
	{KIND_SPAN, "infinity", "infinity"},
	{KIND_SPAN, "1 h 2", "3602000000"},
	{KIND_SPAN, "5 potatoes", "5 potatoes"},
	{KIND_SPAN, "1e3", "1e3"},
	{KIND_SPAN, "-1", "-1"},
	{KIND_SPAN, "1.2.3", "1.2.3"},
	{KIND_SIZE, "50%", "50%"},
	{KIND_SIZE, "infinity", "infinity"},
	{KIND_SIZE, "0x10", "0x10"},
	{KIND_SIZE, "16E", "18446744073709551616"},
	{KIND_NUMBER, "007", "7"},
	{KIND_NUMBER, "-7", "-7"},
	{KIND_NUMBER, "idle", "idle"},
	{KIND_MODE, "0755", "755"},
	{KIND_MODE, "0899", "0899"},
	{KIND_SIGNAL, "SIGRTMIN+3", "37"},
	{KIND_SIGNAL, "SIGNONE", "SIGNONE"},
	{KIND_LIMIT, "infinity", "infinity:infinity"},
	{KIND_LIMIT, "1K:2K", "1024:2048"},
	{KIND_NO, "ipc", "ipc"},
	{KIND_TEXT, "yes", "yes"},
};

START_TEST(spelling)
{
	ck_assert_str_eq(
		directive_value(arena, values[_i].kind, values[_i].value), values[_i].expected);
}
END_TEST

/* What cannot be compared is taken to have changed. */
START_TEST(unknown)
{
	struct unit_config a = config(S "Nice=1\n"), b = config(S "Nice=1\n"), c = {0};
	struct content secret = *b.fragment.content;
	enum directive_class worst;
	struct difference *d;
	size_t n;

	secret.data = NULL;
	secret.hash = content_new(arena, "x", 1)->hash;
	b.fragment.content = &secret;
	unit_differences(arena, &a, &b, &d, &n, &worst);
	ck_assert_int_eq(worst, CLASS_RESTART);
	ck_assert_uint_eq(n, 0);
	unit_differences(arena, &a, &c, &d, &n, &worst);
	ck_assert_int_eq(worst, CLASS_RESTART);
	unit_differences(arena, &a, &a, &d, &n, &worst);
	ck_assert_int_eq(worst, CLASS_NONE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("meaning");
	Suite *s = suite_create("unit meaning");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, differ, 0, ELEMENTS(cases));
	tcase_add_loop_test(tc, spelling, 0, ELEMENTS(values));
	tcase_add_test(tc, unknown);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
