/* What apt-get -s says, read and judged, and what a plan makes of it. The outputs are apt 3.0's. */
#include <check.h>
#include <errno.h>

#include "l4sync/apt.h"
#include "l4sync/packages.h"
#include "l4sync/plan.h"
#include "l4sync/registry.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static const char *const moves[] = {"install", "upgrade", "remove", "configure"};

/* "MOVE NAME OLD NEW; … unknown NAME; refused TEXT" */
static const char *outlook_text(const struct apt_outlook *o)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < o->n; i++)
		buf_addf(&b, "%s %s %s %s; ", moves[o->items[i].move], o->items[i].name,
			o->items[i].old ? o->items[i].old : "-",
			o->items[i].new ? o->items[i].new : "-");
	for (size_t i = 0; i < o->n_unknown; i++)
		buf_addf(&b, "unknown %s; ", o->unknown[i]);
	if (o->refusal)
		buf_addf(&b, "refused %s; ", o->refusal);
	return arena_strdup(arena, b.data ? b.data : "");
}

static const struct {
	bool succeeded;
	const char *output, *expect;
} outputs[] = {
	{true,
		"Reading package lists...\n"
		"The following NEW packages will be installed:\n  dep1 needs\n"
		"Inst dep1 (1 localhost [amd64])\nInst needs (1.2-3 Debian:13.1/stable [amd64]) "
		"[]\n"
		"Conf dep1 (1 localhost [amd64])\nConf needs (1.2-3 Debian:13.1/stable [amd64])\n",
		"install dep1 - 1; install needs - 1.2-3; "},
	{true,
		"Inst libc6 [2.41-1] (2.41-2 Debian:13.1/stable [amd64]) [libc6:i386 ]\n"
		"Inst libc6:i386 (2.41-2 Debian:13.1/stable [i386])\n"
		"Conf libc6:amd64 (2.41-2 Debian:13.1/stable [amd64])\n",
		"upgrade libc6 2.41-1 2.41-2; install libc6:i386 - 2.41-2; "},
	{true, "Remv lone [1]\nPurg conf\nPurg dep:i386 [1:2]\nConf broken (1 localhost [all])\n",
		"remove lone 1 -; remove conf - -; remove dep:i386 1:2 -; configure broken - -; "},
	{false,
		"E: Unable to locate package nosuch:amd64\nE: Unable to locate package other:i386\n"
		"E: Couldn't find any package by glob 'python3.99'\n",
		"unknown nosuch; unknown other:i386; "},
	{false,
		"The following packages have unmet dependencies:\n"
		" unsat : Depends: nowhere but it is not installable\n"
		"         Depends: nothing but it is not installable\n"
		"E: Unable to correct problems, you have held broken packages.\n"
		"E: The following information from --solver 3.0 may provide additional context:\n"
		"   Unable to satisfy dependencies. Reached two conflicting decisions:\n",
		"refused unsat : Depends: nowhere but it is not installable; Depends: nothing but "
		"it "
		"is not installable; Unable to correct problems, you have held broken packages; "},
	{false,
		"WARNING: The following essential packages will be removed.\n"
		"This should NOT be done unless you know exactly what you are doing!\n  bash\n"
		"0 upgraded, 0 newly installed, 1 to remove and 0 not upgraded.\n"
		"E: Essential packages were removed and -y was used without "
		"--allow-remove-essential.\n",
		"refused bash; Essential packages were removed and -y was used without "
		"--allow-remove-essential; "},
	/* Of one that failed nothing counts. */
	{false, "Inst a (1 x [all])\nE: Held packages were changed.\n",
		"refused Held packages were changed; "},
	{false, "", "refused apt-get gave no reason; "},
	{true, "", ""},
	/* Nothing of these is anything. */
	{true, "Inst\nInst \nInst  \nPurg [1]\nRemv\n", "remove [1 - -; "},
	{true, "Inst a\nInst b [\nInst c (\nInst d [1\nInst e [] (\n",
		"install a - -; upgrade b  -; install c - ; upgrade d 1 -; upgrade e  ; "},
	{true, "Inst a (1 \0x)\nRemv b\n", "install a - 1; remove b - -; "},
	{true, "Inst \377\376 (1 x)\nRemv :\n", "remove : - -; "},
};

START_TEST(parse)
{
	struct apt_outlook o;

	const char *text = outputs[_i].output;
	size_t size = strlen(text);
	if (size && text[size - 1] != '\n') /* what stands behind a NUL */
		size += 1 + strlen(text + size + 1);
	apt_outlook_parse(arena, text, size, "amd64", outputs[_i].succeeded, &o);
	ck_assert_str_eq(outlook_text(&o), outputs[_i].expect);
}
END_TEST

static const char **words(const char *text, size_t *ret_n)
{
	const char **list = arena_array(arena, const char *, strlen(text) + 1);
	char *rest = NULL, *copy = arena_strdup(arena, text);

	*ret_n = 0;
	for (char *s = strtok_r(copy, " ", &rest); s; s = strtok_r(NULL, " ", &rest))
		list[(*ret_n)++] = s;
	return list;
}

static struct apt_wish wish_of(const char *install, const char *remove)
{
	struct apt_wish w = {0};

	w.install = words(install, &w.n_install);
	w.remove = words(remove, &w.n_remove);
	return w;
}

static const struct {
	const char *install, *remove, *output, *expect;
} judged[] = {
	{"a", "", "Inst b (1 x)\nInst a (1 x)\n", NULL},
	{"a", "c", "Purg c [1]\nInst a (1 x)\n", NULL},
	{"broken", "", "Conf broken (1 x)\n", NULL},
	{"", "gone", "", NULL},
	{"a", "", "Remv b [1]\nInst a (1 x)\n",
		"apt would remove b for it, which nobody has asked for; if that is meant, list it "
		"under packages: absent too"},
	{"a", "b", "Remv b [1]\nPurg b:i386 [1]\nPurg c [2]\nInst a (1 x)\n",
		"apt would remove b:i386, c for it, which nobody has asked for; if they are meant, "
		"list them under packages: absent too"},
	{"", "l",
		"Remv a\nRemv b\nRemv c\nRemv d\nRemv e\nRemv f\nRemv g\nRemv h\nRemv i\nRemv j\n"
		"Remv k\nRemv l\nRemv m\n",
		"apt would remove a, b, c, d, e, f, g, h, i, j and 2 more for it, which nobody has "
		"asked for; if they are meant, list them under packages: absent too"},
	{"provided", "", "Inst provider (1 x)\n",
		"apt installs no package of the name provided, but provider: a name that others "
		"provide is no package; name the one that you mean"},
	{"only32", "", "Inst only32:i386 (1 x)\n",
		"apt installs no package of the name only32, but only32:i386: a name that others "
		"provide is no package; name the one that you mean"},
	{"a", "", "",
		"apt installs no package of the name a: a name that others provide is no package; "
		"name the one that you mean"},
};

START_TEST(judge)
{
	const struct apt_wish w = wish_of(judged[_i].install, judged[_i].remove);
	struct apt_outlook o;

	apt_outlook_parse(arena, judged[_i].output, strlen(judged[_i].output), "amd64", true, &o);
	const char *text = apt_judge(arena, &w, &o);
	ck_assert_str_eq(text ? text : "-", judged[_i].expect ? judged[_i].expect : "-");
}
END_TEST

static const struct {
	const char *install, *remove, *expect_install, *expect_remove;
} resolved[] = {
	{"libc6 new libc6:i386 new:i386 half:amd64 rc", "", "new new:i386 half rc", ""},
	{"libc6:amd64 new new:amd64", "", "new", ""},
	{"", "libc6 libc6:i386 new rc all", "", "libc6 libc6:i386 rc all"},
	{"", "libc6:i386", "", "libc6:i386"},
};

START_TEST(resolve)
{
	static const char status[] =
		"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n\n"
		"Package: libc6\nStatus: install ok installed\nArchitecture: i386\n\n"
		"Package: half\nStatus: install ok half-configured\nArchitecture: amd64\n\n"
		"Package: rc\nStatus: deinstall ok config-files\nArchitecture: amd64\n\n"
		"Package: all\nStatus: install ok installed\nArchitecture: all\n";
	const char *architectures[] = {"amd64", "i386"};
	struct dpkg_status s = {
		.native = "amd64", .n_architectures = 2, .architectures = architectures};
	const struct apt_wish names = wish_of(resolved[_i].install, resolved[_i].remove);
	_cleanup_buf_ struct buf install = BUF_INIT, remove = BUF_INIT;

	ck_assert_int_eq(
		dpkg_status_parse(arena, "status", status, sizeof status - 1, &s, NULL), 0);
	const struct apt_wish w = packages_resolve(arena, &s, &names);
	buf_adds(&install, "");
	buf_adds(&remove, "");
	for (size_t i = 0; i < w.n_install; i++)
		buf_addf(&install, "%s%s", i ? " " : "", w.install[i]);
	for (size_t i = 0; i < w.n_remove; i++)
		buf_addf(&remove, "%s%s", i ? " " : "", w.remove[i]);
	ck_assert_str_eq(install.data, resolved[_i].expect_install);
	ck_assert_str_eq(remove.data, resolved[_i].expect_remove);
}
END_TEST

/* A plan with these packages to install and to purge; each a change. */
static struct plan *plan_of(const char *install, const char *remove)
{
	struct plan *p = plan_new(arena);
	const struct apt_wish w = wish_of(install, remove);

	p->changes = arena_array(arena, struct change, w.n_install + w.n_remove);
	for (size_t i = 0; i < w.n_install + w.n_remove; i++) {
		bool goes = i >= w.n_install;

		p->changes[p->n_changes++] = (struct change){
			.id = arena_printf(arena, "package:%s",
				goes ? w.remove[i - w.n_install] : w.install[i]),
			.module = &module_package,
			.op = goes ? OP_DELETE : OP_CREATE,
		};
	}
	return p;
}

static const char *plan_text(const struct plan *p)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < p->effects.n; i++) {
		const struct effect *f = &p->effects.items[i];

		buf_addf(&b, "%s %s", action_name(f->action), f->target);
		for (size_t k = 0; k < f->n_because; k++)
			buf_addf(&b, "%s%s", k ? ", " : " because ", f->because[k]);
		buf_adds(&b, "\n");
	}
	for (size_t i = 0; i < p->findings.n; i++)
		buf_addf(&b, "%s %s: %s\n", p->findings.items[i].code,
			p->findings.items[i].where ? p->findings.items[i].where : "-",
			p->findings.items[i].text);
	return arena_strdup(arena, b.data ? b.data : "");
}

static const struct {
	const char *install, *remove, *output;
	bool succeeded, updates;
	const char *expect;
} planned[] = {
	{"a libc6:amd64", "gdb",
		"Purg gdb:i386 [1]\nPurg gdb [1]\nInst dep (1 x)\nInst a (1 x)\n"
		"Inst libc6 (2 x)\nInst old [1] (2 x)\nConf a (1 x)\n",
		true, false,
		"remove gdb:i386 because package:gdb\nremove gdb because package:gdb\n"
		"install dep because package:a, package:libc6:amd64\ninstall a because package:a\n"
		"install libc6 because package:libc6:amd64\n"
		"install old because package:a, package:libc6:amd64\n"
		"package-upgrade -: apt also upgrades old from 1 to 2\n"
		"apply-refuses package:a: apt would remove gdb:i386 for it, which nobody has asked "
		"for; if that is meant, list it under packages: absent too\n"},
	{"a", "", "E: Unable to correct problems, you have held broken packages.\n", false, false,
		"apply-refuses package:a: apt refuses: Unable to correct problems, you have held "
		"broken packages\n"},
	{"a", "", "E: Unable to correct problems, you have held broken packages.\n", false, true,
		"packages-undecided -: apt refuses: Unable to correct problems, you have held "
		"broken packages. That is by the lists that it has; apply updates them first\n"},
};

START_TEST(plan)
{
	struct plan *p = plan_of(planned[_i].install, planned[_i].remove);
	const struct apt_wish w =
		wish_of(strchr(planned[_i].install, ':') ? "a libc6" : planned[_i].install,
			planned[_i].remove);
	struct apt_outlook o;

	apt_outlook_parse(arena, planned[_i].output, strlen(planned[_i].output), "amd64",
		planned[_i].succeeded, &o);
	plan_packages_outlook(p, &w, &o, planned[_i].updates);
	ck_assert_str_eq(plan_text(p), planned[_i].expect);
	plan_free(p);
}
END_TEST

START_TEST(names)
{
	static const char *const good[] = {"nftables", "libc6:i386", "g++", "python3.11", "lib32z1",
		"0ad", "a1", "x-y:powerpc-spe"};
	static const char *const wrong[] = {"", "a", "A", "gdb ", "-x", "+x", "gdb=1", "gdb/sid",
		"gdb*", "libc6:", "libc6:all", "libc6:any", "libc6:native", "libc6:i386:amd64",
		"libc6:-", "--purge", ":i386", "a\tb"};

	for (size_t i = 0; i < ELEMENTS(good); i++)
		ck_assert_msg(package_name_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ELEMENTS(wrong); i++)
		ck_assert_msg(!package_name_valid(wrong[i]), "%s", wrong[i]);
}
END_TEST

/* What the unprivileged child says is looked at again. */
START_TEST(check)
{
	struct attr present[] = {{"state", "installed"}}, absent[] = {{"absent", "true"}},
		    both[] = {{"absent", "true"}, {"state", "installed"}},
		    odd[] = {{"state", "purged"}}, more[] = {{"path", "/etc"}},
		    policy[] = {{"recommends", "false"}, {"state", "installed"}};
	const struct {
		const char *id;
		struct attr *attrs;
		size_t n;
		bool good;
	} items[] = {
		{"package:a1", present, 1, true},
		{"package:a1", absent, 1, true},
		{"package:a1", policy, 2, true},
		{"package:a1", both, 2, false},
		{"package:a1", odd, 1, false},
		{"package:a1", more, 1, false},
		{"package:a1", NULL, 0, false},
		{"package:--purge", present, 1, false},
		{"architecture:i386", NULL, 0, true},
		{"architecture:i386", present, 1, false},
		{"architecture:all", NULL, 0, false},
		{"architecture:-x", NULL, 0, false},
	};

	for (size_t i = 0; i < ELEMENTS(items); i++) {
		const struct resource item = {
			.id = items[i].id, .attrs = items[i].attrs, .n_attrs = items[i].n};
		int r = module_of(modules, item.id)->check(&item, NULL);

		ck_assert_msg(r == (items[i].good ? 0 : -EINVAL), "%zu: %d", i, r);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packages");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, parse, 0, ELEMENTS(outputs));
	tcase_add_loop_test(t, judge, 0, ELEMENTS(judged));
	tcase_add_loop_test(t, resolve, 0, ELEMENTS(resolved));
	tcase_add_loop_test(t, plan, 0, ELEMENTS(planned));
	tcase_add_test(t, names);
	tcase_add_test(t, check);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
