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
#define TEN(x) x x x x x x x x x x
/* The longest that a name in a path may be. */
#define LONG_NAME TEN(TEN("aa")) TEN("aaaaa") "aaaaa"

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
	{S "LimitCORE=1024\n", S "LimitCORE=1K:1024\n", "none"},
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
	{"[Unit]\nStartLimitIntervalSec=5\n", S "StartLimitInterval=5s\n", "none"},
	{"[Unit]\nStartLimitIntervalSec=5\n", S "StartLimitIntervalSec=5\n",
		"reload Service.StartLimitIntervalSec=>5 Unit.StartLimitIntervalSec=5>"},
	{S "IOSchedulingClass=2\nIOSchedulingPriority=4\n",
		S "IOSchedulingPriority=4\n--\n" S "IOSchedulingClass=best-effort\n", "none"},
	{S "IOSchedulingPriority=4\nIOSchedulingClass=none\nIOSchedulingClass=idle\n",
		S "IOSchedulingPriority=4\nIOSchedulingClass=idle\n",
		"restart Service.IOSchedulingPriority=>4"},
	{S "LoadCredential=a:/x\nLoadCredential=b:/y\n",
		S "LoadCredential=b:/y\n--\n" S "LoadCredential=a:/x\n", "none"},
	{S "LoadCredential=a:/x\nLoadCredentialEncrypted=ab:/y\n",
		S "LoadCredentialEncrypted=ab:/y\nLoadCredential=a:/x\n", "none"},
	{S "LoadCredential=a:/x\nLoadCredentialEncrypted=\"a\":/y\n",
		S "LoadCredentialEncrypted=\"a\":/y\nLoadCredential=a:/x\n",
		"restart Service.LoadCredential=a:/x>a:/x "
		"Service.LoadCredentialEncrypted=\"a\":/y>\"a\":/y"},
	{S "LoadCredential=a:/x\nLoadCredential=%p:/y\n",
		S "LoadCredential=%p:/y\nLoadCredential=a:/x\n",
		"restart Service.LoadCredential=a:/x|%p:/y>%p:/y|a:/x"},
	{S "SetCredential=a:x\nSetCredential=a:y\n", S "SetCredential=a:y\nSetCredential=a:x\n",
		"restart Service.SetCredential=a:x|a:y>a:y|a:x"},
	/* What systemd leaves out does not stand for what was before. */
	{S "TTYPath=/a\nTTYPath=-/c\n", S "TTYPath=/b\nTTYPath=-/c\n",
		"restart Service.TTYPath=/a|-/c>/b|-/c"},
	{S "StandardOutput=file:/a\nStandardOutput=file:/..\n",
		S "StandardOutput=file:/b\nStandardOutput=file:/..\n",
		"restart Service.StandardOutput=file:/a|file:/..>file:/b|file:/.."},
	{S "RestrictNamespaces=net\n", S "RestrictNamespaces=NET\n",
		"restart Service.RestrictNamespaces=net>NET"},
	{S "Environment=A=1 A=%y\n", S "Environment=A=2 A=%y\n",
		"restart Service.Environment=A=1|A=%y>A=2|A=%y"},
	{S "BindPaths=/a:/b: /c\n", S "BindPaths=/a:/b:\nBindPaths=/c\n",
		"restart Service.BindPaths=/a:/b:|/c>/a:/b:|/c"},
	{S "RootImageOptions=root:ro a:x\n", S "RootImageOptions=root:ro\nRootImageOptions=a:x\n",
		"restart Service.RootImageOptions=root:ro a:x>root:ro|a:x"},
	{S "Delegate=yes\nDelegate=bpf-devices\n", S "Delegate=yes\n",
		"restart Service.Delegate=yes|bpf-devices>yes"},
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
	{"[Socket]\nNice=1\n", "[Socket]\nNice=2\n", "next Socket.Nice=1>2"},
	{"[Socket]\nNice=1\n", "[Socket]\nNice=1\nPrivateNetwork=yes\n",
		"restart Socket.PrivateNetwork=>yes"},
	{"[Mount]\nNice=1\n", "[Mount]\nNice=1\nPrivateNetwork=yes\n",
		"next Mount.PrivateNetwork=>yes"},

	/* Order is meaning where systemd says so. */
	{S "EnvironmentFile=/a\nEnvironmentFile=/b\n", S "EnvironmentFile=/b\nEnvironmentFile=/a\n",
		"restart Service.EnvironmentFile=/a|/b>/b|/a"},
	{S "SystemCallFilter=a\nSystemCallFilter=~b\n",
		S "SystemCallFilter=~b\nSystemCallFilter=a\n",
		"restart Service.SystemCallFilter=a|~b>~b|a"},
	{S "ExecStart=/a\nExecStart=/b\n", S "ExecStart=/b\nExecStart=/a\n",
		"restart Service.ExecStart=/a|/b>/b|/a"},
	{S "Environment=A=1 A=2\n", S "Environment=A=2 A=1\n",
		"restart Service.Environment=A=1|A=2>A=2|A=1"},

	/* Lists: added to, taken back. */
	{S "ExecStart=/a\n", S "ExecStart=/a\n--\n" S "ExecStart=\nExecStart=/b\n",
		"restart Service.ExecStart=/a>/b"},
	{S "AmbientCapabilities=\n", S "User=\n", "none"},
	{S "CapabilityBoundingSet=\n", S "User=\n", "restart Service.CapabilityBoundingSet=>"},
	{S "CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_KILL\n",
		S "CapabilityBoundingSet=CAP_KILL\n", "none"},
	{S "CapabilityBoundingSet=\nCapabilityBoundingSet=~CAP_KILL\n",
		S "CapabilityBoundingSet=~CAP_KILL\n",
		"restart Service.CapabilityBoundingSet=|~CAP_KILL>~CAP_KILL"},
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

	/* What systemd leaves out does not count, and what it might is not the same. */
	{S "NoNewPrivileges=yes\n", S "NoNewPrivileges=yes\nNoNewPrivileges=\n", "none"},
	{S "RestartSec=5\n", S "RestartSec=5\nRestartSec=\n", "none"},
	{S "Nice=5\nNice=99\n", S "Nice=6\nNice=99\n", "restart Service.Nice=5|99>6|99"},
	{S "Nice=5\nNice=99\nNice=7\n", S "Nice=7\n", "none"},
	{S "LimitNOFILE=1024\n", S "LimitNOFILE=1K\n", "restart Service.LimitNOFILE=1024>1K"},
	{S "Nice=010\n", S "Nice=10\n", "restart Service.Nice=010>10"},
	{S "KillSignal=SIGTERM\n", S "User=a\n", "restart Service.User=>a"},
	{S "KillSignal=SIGINT\n", S "KillSignal=sigint\n",
		"reload Service.KillSignal=SIGINT>sigint"},
	{S "User=a\nUser=\n", S "UMask=0022\n", "none"},

	/* One directive stands for others, or takes others back. */
	{S "TimeoutSec=7\n", S "TimeoutStartSec=7s\nTimeoutStopSec=7\n", "none"},
	{S "TimeoutSec=7\nTimeoutStopSec=9\n", S "TimeoutStopSec=9\nTimeoutSec=7\n",
		"reload Service.TimeoutStopSec=9>7"},
	{S "StartLimitBurst=5\n", "[Unit]\nStartLimitBurst=5\n", "none"},
	{"[Unit]\nOnFailureIsolate=yes\n", "[Unit]\nOnFailureJobMode=isolate\n", "none"},
	{S "BindPaths=/a\nBindReadOnlyPaths=\n", S "UMask=022\n", "none"},
	{S "IOSchedulingPriority=3\nIOSchedulingClass=none\n",
		S "IOSchedulingClass=none\nIOSchedulingPriority=3\n",
		"restart Service.IOSchedulingPriority=>3"},
	{"[Socket]\nListenStream=1\nListenDatagram=2\n",
		"[Socket]\nListenDatagram=2\nListenStream=1\n",
		"restart Socket.ListenDatagram=2>2 Socket.ListenStream=1>1"},
	{S "Sockets=a.socket\n", S "Sockets=a.socket\nSockets=\n", "none"},

	/* A sign is that of its assignment. */
	{S "SystemCallFilter=~a b\n", S "SystemCallFilter=~a\nSystemCallFilter=b\n",
		"restart Service.SystemCallFilter=~a|~b>~a|b"},
	{S "SystemCallFilter=@x\nSystemCallFilter=~a b\n",
		S "SystemCallFilter=@x\nSystemCallFilter=~b\nSystemCallFilter=~a\n", "none"},
	{S "RestrictNamespaces=~net\n", S "RestrictNamespaces=cgroup ipc mnt pid user uts\n",
		"none"},
	{S "CapabilityBoundingSet=CAP_KILL CAP_CHOWN\nCapabilityBoundingSet=~CAP_CHOWN\n",
		S "CapabilityBoundingSet=cap_kill\n", "none"},
	{S "CapabilityBoundingSet=CAP_NEW\n", S "CapabilityBoundingSet=CAP_NEWER\n",
		"restart Service.CapabilityBoundingSet=CAP_NEW>CAP_NEWER"},
	{S "Delegate=no\nDelegate=cpu\n", S "Delegate=cpu\n", "none"},
	{S "Delegate=\n", S "Delegate=no\n", "restart Service.Delegate=>no"},

	/* Commands and words, as systemd takes them apart. */
	{S "ExecStart=/a \"b c\" d\n", S "ExecStart=/a 'b c' \\x64\n", "none"},
	{S "ExecStart=-:/a ; /b\n", S "ExecStart=:-/a\nExecStart=/b\n", "none"},
	{S "ExecStart=/a \\; b\n", S "ExecStart=/a ; b\n",
		"restart Service.ExecStart=/a \\; b>/a ; b"},
	{S "ExecStart=@/a /a b\n", S "ExecStart=/a b\n", "none"},
	{S "ExecStart=/a 'b\n", S "ExecStart=/a \"b\n", "restart Service.ExecStart=/a 'b>/a \"b"},
	{S "Environment=\"A=b c\"\n", S "Environment=A=b\\x20c\n", "none"},
	{S "Environment=A=1 A\n", S "Environment=A=2 A\n",
		"restart Service.Environment=A=1|A>A=2|A"},
	{S "Environment=A%i=1 A=2\n", S "Environment=A=2 A%i=1\n",
		"restart Service.Environment=A%i=1|A=2>A=2|A%i=1"},
	{"[Unit]\nWants=a.service\n", "[Unit]\nWants=\"a.service\"\n",
		"reload Unit.Wants=a.service>\"a.service\""},
	{S "CPUAffinity=0-2\n", S "CPUAffinity=1\nCPUAffinity=2,0\n", "none"},
	{S "IPAddressAllow=10.1.2.3/8 localhost\n",
		S "IPAddressAllow=::1 127.0.0.0/8\nIPAddressAllow=10.0.0.0/8\n", "none"},
	{S "DeviceAllow=/dev/null\n", S "DeviceAllow=/dev//null mwr\n", "none"},

	/* Lines: what ends one, what goes on, and where systemd stops reading a drop-in. */
	{S "Nice=5\n", "[Service]\r\nNice=5\r\n", "none"},
	{S "Nice=5\n", "[Service]\rNice=5", "none"},
	{S "Environment=A=1 B=2\n", S "Environment=A=1 \\\r\n# c\r\n B=2\r\n", "none"},
	{S "Nice=5\n", "\xef\xbb\xbf[Service]\nNice=5\\", "none"},
	{S "Nice=5\n", "Nice=6\n" S "=7\nNice=5\n", "none"},
	{S "Nice=5\n", S "Nice=5\n--\n[Service\n" S "Nice=6\n", "none"},
	{S "Nice=5\n", S "Nice=5\n--\n" S "X=\xff\nNice=6\n", "none"},
	{S "Nice=5\n", S "Nice=5\n[Service\n", "restart"},
};

START_TEST(differ)
{
	ck_assert_str_eq(differences(cases[_i].old, cases[_i].new), cases[_i].expected);
}
END_TEST

static const struct {
	const char *key, *value, *expected;
} values[] = {
	{"RestartSec", "infinity", "infinity"},
	{"RestartSec", "1 h 2", "3602000000"},
	{"RestartSec", "5 potatoes", NULL},
	{"RestartSec", "1e3", NULL},
	{"RestartSec", "-1", NULL},
	{"RestartSec", "1.2.3", NULL},
	{"RestartSec", "1.2 .3", NULL},
	{"RestartSec", "", NULL},
	{"RestartSec", "99999999999999999", NULL},
	{"RestartSec", "0.0000015s", "1"},
	{"MemoryMax", "50%", "5000‱"},
	{"MemoryMax", "101%", NULL},
	{"MemoryMax", "50.%", NULL},
	{"MemoryMax", "infinity", "infinity"},
	{"MemoryMax", "0x10", NULL},
	{"MemoryMax", "0", NULL},
	{"MemoryMax", "0.0%", NULL},
	{"MemorySwapMax", "0%", "0‱"},
	{"MemorySwapMax", "0", "0"},
	{"MemoryMax", "16E", NULL},
	{"MemoryMax", "1E", "1152921504606846976"},
	{"MemoryMax", "1K 1M", NULL},
	{"MemoryMax", "1M 1K", "1049600"},
	{"MemoryMax", "1.5", "1"},
	{"TasksMax", "7", "7"},
	{"TasksMax", "%100", NULL},
	{"CPUQuota", "0%", NULL},
	{"CPUQuota", "1000%", "100000‱"},
	{"CPUQuota", "7", NULL},
	{"Nice", "007", "7"},
	{"Nice", "-7", "-7"},
	{"Nice", "0b11", "3"},
	{"Nice", "0o11", "9"},
	{"Nice", "+0b1", NULL},
	{"Nice", "09", NULL},
	{"Nice", "20", NULL},
	{"Nice", "idle", NULL},
	{"UMask", "0755", "755"},
	{"UMask", "0899", NULL},
	{"UMask", "10000", NULL},
	{"KillSignal", "SIGRTMIN+3", "37"},
	{"KillSignal", "RTMIN", "34"},
	{"KillSignal", "RTMAX-30", "34"},
	{"KillSignal", "RTMAX-31", NULL},
	{"KillSignal", "SIGNONE", NULL},
	{"KillSignal", "0", NULL},
	{"LimitNOFILE", "infinity", "infinity:infinity"},
	{"LimitNOFILE", "1K", NULL},
	{"LimitCORE", "1K:2K", "1024:2048"},
	{"LimitCORE", "2K:1K", NULL},
	{"LimitCORE", "infinity:1", NULL},
	{"LimitNICE", "-21", NULL},
	{"PrivateUsers", "off", "no"},
	{"PrivateIPC", "perhaps", NULL},
	{"ProtectSystem", "Full", NULL},
	{"StandardOutput", "file:/a", "file:/a"},
	{"StandardOutput", "file:a/b", NULL},
	{"StandardOutput", "file:a", NULL},
	{"StandardOutput", "file:", NULL},
	{"StandardOutput", "fd:", NULL},
	{"StandardOutput", "file:/a//b", "file:/a/b"},
	{"StandardOutput", "file:/a/../b", NULL},
	{"StandardOutput", "append:/a/%Z", NULL},
	{"StandardOutput", "append:/a/%i", "append:/a/%i"},
	{"StandardOutput", "fd:a", "fd:a"},
	{"StandardOutput", "fd:/a", NULL},
	{"IOSchedulingClass", "4", NULL},
	{"User", "a.b", NULL},
	{"User", "007", NULL},
	{"User", "65535", NULL},
	{"Slice", "a.service", NULL},
	{"WorkingDirectory", "-//a/./b/", "-/a/b"},
	{"WorkingDirectory", "/a/../b", NULL},
	{"WorkingDirectory", "~", "~"},
	{"TTYPath", "~", NULL},
	{"TTYPath", "-/a", NULL},
	{"TTYPath", "/%i/a/", "/%i/a"},
	{"TTYPath", "/%I/a/", NULL},
	{"TTYPath", "/" LONG_NAME, "/" LONG_NAME},
	{"TTYPath", "/x" LONG_NAME, NULL},
	{"PIDFile", "/proc/a", NULL},
	{"SyslogIdentifier", "yes", "yes"},
	{"SyslogIdentifier", "a-%i %p %n %%y 5%", "a-%i %p %n %%y 5%"},
	{"SyslogIdentifier", "a-%y", NULL},
	{"SyslogIdentifier", "%%%y", NULL},
	{"SyslogIdentifier", "%Z", NULL},
};

START_TEST(spelling)
{
	struct directive_type type = directive_type(arena, "Service", values[_i].key);
	const char *value = values[_i].value, *line = value;
	struct setting s = {.type = type, .n_lines = 1, .lines = &line};
	const char **meaning;
	size_t n;
	bool sure = setting_meaning(arena, &type, &s, &meaning, &n);

	/* What is not sure is as it was written. */
	ck_assert_int_eq(sure, values[_i].expected != NULL);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(meaning[0], sure ? values[_i].expected : value);
	ck_assert_str_eq(directive_value(arena, &type, value), meaning[0]);
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
