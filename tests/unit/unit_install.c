/* What enablement would make, and what enables now: on trees of its own. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "../unit_tree.h"

static const struct {
	const char *tree[4];
	const char *unit;
	int result;
	const char *links; /* "PATH>TARGET …", of paths below /etc/systemd/system */
} installs[] = {
	{{U "a.service = [Install]\nWantedBy=m.target\n"}, "a.service", 0,
		"m.target.wants/a.service>" U "a.service"},
	{{U "a.service = [Install]\nWantedBy=m.target "
	    "n.target\nRequiredBy=r.service\nUpheldBy=u.target\n"
	    "Alias=b.service\n"},
		"a.service", 0,
		"b.service>" U "a.service m.target.wants/a.service>" U
		"a.service n.target.wants/a.service>" U "a.service r.service.requires/a.service>" U
		"a.service u.target.upholds/a.service>" U "a.service"},
	{{U "a.service = [Install]\nWantedBy=m.target\nWantedBy=\nWantedBy=n.target"}, "a.service",
		0, "n.target.wants/a.service>" U "a.service"},
	{{U "a.service = [Install]\nWantedBy=m.target \\\n# WantedBy=x.target\n ;\n n.target \\"},
		"a.service", 0,
		"m.target.wants/a.service>" U "a.service n.target.wants/a.service>" U "a.service"},
	{{U "a.service = [Install]\nWantedBy=m.target \\\n# the end"}, "a.service", 0,
		"m.target.wants/a.service>" U "a.service"},
	{{U "a.service = \xef\xbb\xbf [Install] \r\n\tWantedBy = \"m.target\" 'n.target'\r\n"},
		"a.service", 0,
		"m.target.wants/a.service>" U "a.service n.target.wants/a.service>" U "a.service"},
	{{U "a.service = [Unit]\nWantedBy=m.target\n[Install]\n"}, "a.service", -ENOEXEC, NULL},
	{{U "a.service = [Install\nWantedBy=m.target\n"}, "a.service", -EINVAL, NULL},
	{{U "a.service = [Install]\nWantedBy=m.target\n[Unit]\nDescription=\xff\n"}, "a.service",
		-EINVAL, NULL},
	{{U "a.service = [Install]\nWantedBy=m.target\n", E "a.service.d/1.conf = [x\n"},
		"a.service", -EINVAL, NULL},
	{{U "a.service = [Service]\n", E "a.service.d/1.conf = [Install]\nWantedBy=m.target\n"},
		"a.service", 0, "m.target.wants/a.service>" U "a.service"},
	/* Here specificity beats rank, and prefix and type do not count. */
	{{U "a-t@.service = [Install]\n",
		 E "a-t@.service.d/1.conf = [Install]\nWantedBy=m.target\n",
		 U "a-t@1.service.d/1.conf = [Install]\nWantedBy=n.target\n"},
		"a-t@1.service", 0, "n.target.wants/a-t@1.service>" U "a-t@.service"},
	{{U "a-t@.service = [Install]\n", E "a-.service.d/1.conf = [Install]\nWantedBy=m.target\n"},
		"a-t@1.service", -ENOEXEC, NULL},
	{{U "t@.service = [Install]\nWantedBy=m.target\n"}, "t@1.service", 0,
		"m.target.wants/t@1.service>" U "t@.service"},
	{{U "t@.service = [Install]\nWantedBy=m.target\n"}, "t@.service", -EINVAL, NULL},
	{{U "t@.service = [Install]\nWantedBy=m.target\nDefaultInstance=d\n"}, "t@.service", 0,
		"m.target.wants/t@d.service>" U "t@.service"},
	{{U "t@.service = [Install]\nWantedBy=m@.target\n"}, "t@.service", 0,
		"m@.target.wants/t@.service>" U "t@.service"},
	{{U "a-t@.service = [Install]\nWantedBy=%p.target %i.target %j.target %N.target "
	    "%%.target\n"},
		"a-t@1.service", -EINVAL, NULL},
	{{U "a-t@.service = [Install]\nWantedBy=%p.target %i.target %j.target %N.target "
	    "%H.target\n"},
		"a-t@1.service", 0,
		"a-t.target.wants/a-t@1.service>" U "a-t@.service 1.target.wants/a-t@1.service>" U
		"a-t@.service t.target.wants/a-t@1.service>" U
		"a-t@.service a-t@1.target.wants/a-t@1.service>" U
		"a-t@.service h.target.wants/a-t@1.service>" U "a-t@.service"},
	{{U "a.service = [Install]\nWantedBy=%b.target\n"}, "a.service", -EINVAL, NULL},
	{{U "a.service = [Install]\nAlso=a.socket gone.service\n",
		 U "a.socket = [Install]\nWantedBy=m.target\nAlso=a.service\n"},
		"a.service", 0, "m.target.wants/a.socket>" U "a.socket"},
	{{U "t@.service = [Install]\nAlias=u@.service\n"}, "t@1.service", 0,
		"u@1.service>" U "t@.service"},
	{{U "a.service = [Install]\nAlias=a.socket\n"}, "a.service", -EINVAL, NULL},
	{{U "a.service = [Install]\nAlias=m.target.wants/a.service\n"}, "a.service", 0,
		"m.target.wants/a.service>" U "a.service"},
	{{"/opt/a.service = [Install]\nWantedBy=m.target\nAlias=b.service\n",
		 E "a.service -> /opt/a.service"},
		"a.service", 0, "b.service>" E "a.service m.target.wants/a.service>/opt/a.service"},
	{{U "a.service = [Install]\nWantedBy=m.target\n", U "b.service -> a.service"}, "b.service",
		0, "m.target.wants/a.service>" U "a.service"},
	{{U "a.service = [Install]\nWantedBy=m.target\n", E "b.service -> " U "a.service"},
		"b.service", -ELOOP, NULL},
	{{U "a.service = x", E "a.service -> /dev/null"}, "a.service", -ESHUTDOWN, NULL},
	{{U "a.service = x"}, "b.service", -ENOENT, NULL},
	{{U "a.service = x"}, "b", -EINVAL, NULL},
};

static const char *show_links(const struct enable_link *links, size_t n)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		ck_assert(text_starts(links[i].path, E));
		buf_addf(&b, "%s%s>%s", i ? " " : "", links[i].path + strlen(E), links[i].target);
	}
	return n ? arena_strndup(arena, b.data, b.size) : "";
}

START_TEST(finds_install_links)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct enable_link *links;
	size_t n;

	put_lines(installs[_i].tree);
	int r = unit_index_install_links(index_with(NULL, 0), installs[_i].unit, &links, &n, &e);
	ck_assert_msg(r == installs[_i].result, "%d %s", r, err_text(&e));
	if (!r)
		ck_assert_str_eq(show_links(links, n), installs[_i].links);
	else
		ck_assert_uint_gt(strlen(err_text(&e)), 0);
}
END_TEST

START_TEST(finds_live_links)
{
	_cleanup_err_ struct err e = ERR_INIT;
	const char *const *names;
	struct enable_link *links;
	size_t n;

	static const char *const tree[] = {U "a.service", U "t@.service",
		E "m.target.wants/a.service -> anything",
		E "n.target.requires/a.service -> " U "a.service", E "b.service -> " U "a.service",
		U "c.service -> a.service", U "m.target.wants/a.service -> ../a.service",
		E "m.target.wants/t@10.service -> " U "t@.service",
		E "m.target.wants/t@2.service -> " U "t@.service",
		U "n.target.upholds/t@3.service -> ../t@.service",
		U "n.target.wants/t@4.service -> ../t@.service",
		E "n.target.wants/t@4.service -> /dev/null", E "n.target.wants/t@5.service", NULL};

	put_lines(tree);
	struct unit_index *x = index_with(NULL, 0);
	ck_assert(!unit_index_live_links(x, "a.service", &links, &n, &e));
	ck_assert_str_eq(show_links(links, n),
		"b.service>" U
		"a.service m.target.wants/a.service>anything n.target.requires/a.service>" U
		"a.service");
	ck_assert(!unit_index_enabled_instances(x, "t@.service", &names, &n, &e));
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(names[0], "t@2.service");
	ck_assert_str_eq(names[1], "t@3.service");
	ck_assert_str_eq(names[2], "t@10.service");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("unit_install");
	TCase *t = tcase_create("unit_install");
	SRunner *runner = srunner_create(s);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, finds_install_links, 0, ELEMENTS(installs));
	tcase_add_test(t, finds_live_links);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
