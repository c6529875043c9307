/* Which changes of a directive weaken a sandbox: each rule of the table, in both directions. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

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

static struct unit_config config(const char *settings)
{
	const char *text = arena_printf(arena, "[Service]\n%s\n", settings);

	return (struct unit_config){.name = "x.service",
		.found = true,
		.fragment = {.content = content_new(arena, text, strlen(text))}};
}

/* Whether going from old to new weakens anything. */
static bool weakens(const char *old, const char *new)
{
	struct unit_config before = config(old), after = config(new);
	enum directive_class worst;
	struct difference *d;
	bool weaker = false;
	size_t n;

	unit_differences(arena, &before, &after, &d, &n, &worst);
	ck_assert_msg(n, "%s and %s are the same", old, new);
	for (size_t i = 0; i < n; i++)
		weaker |= difference_weakens(arena, &d[i]);
	return weaker;
}

static const struct {
	const char *strong, *weak;
	bool both; /* neither way is only stronger */
} cases[] = {
	{"NoNewPrivileges=yes", "NoNewPrivileges=no", false},
	{"NoNewPrivileges=1", "", false},
	{"MemoryDenyWriteExecute=on", "MemoryDenyWriteExecute=off", false},
	{"ProtectSystem=strict", "ProtectSystem=full", false},
	{"ProtectSystem=full", "ProtectSystem=true", false},
	{"ProtectSystem=true", "", false},
	{"ProtectHome=yes", "ProtectHome=tmpfs", false},
	{"ProtectHome=tmpfs", "ProtectHome=read-only", false},
	{"PrivateTmp=yes", "PrivateTmp=no", false},
	{"PrivateTmp=disconnected", "PrivateTmp=yes", false},
	{"PrivateUsers=self", "PrivateUsers=identity", false},
	{"PrivateUsers=yes", "PrivateUsers=full", false},
	{"ProtectControlGroups=strict", "ProtectControlGroups=yes", false},
	{"ProtectProc=invisible", "ProtectProc=default", false},
	{"ProtectProc=invisible", "", false},
	{"ProcSubset=pid", "", false},
	{"", "KeyringMode=shared", false},
	{"DevicePolicy=closed", "", false},
	{"", "Delegate=yes", false},
	{"", "Delegate=cpu memory", false},
	{"", "PermissionsStartOnly=yes", false},
	{"", "BindPaths=/srv", false},
	{"BindPaths=/srv", "BindPaths=/srv /home", false},
	{"", "ReadWritePaths=/etc", false},
	{"", "SupplementaryGroups=disk", false},
	{"", "DeviceAllow=/dev/mem rw", false},
	{"", "SocketBindAllow=any", false},
	{"InaccessiblePaths=/etc/shadow", "", false},
	{"InaccessiblePaths=/etc/shadow /srv", "InaccessiblePaths=-/srv", false},
	{"TemporaryFileSystem=/var/lib:ro /opt", "TemporaryFileSystem=/var/lib", false},
	{"SocketBindDeny=any", "", false},
	{"IPAddressDeny=any", "", false},
	{"RootDirectory=/srv", "", false},
	{"SystemCallFilter=@system-service", "", false},
	{"SystemCallFilter=@system-service", "SystemCallFilter=@system-service @mount", false},
	{"SystemCallFilter=@system-service\nSystemCallFilter=~@debug @mount",
		"SystemCallFilter=@system-service\nSystemCallFilter=~@debug", false},
	{"SystemCallFilter=@system-service\nSystemCallFilter=~@debug",
		"SystemCallFilter=@system-service\nSystemCallFilter=~@debug\nSystemCallFilter=@"
		"debug",
		false},
	{"SystemCallFilter=~@debug @mount", "SystemCallFilter=~@mount", false},
	{"SystemCallFilter=~@debug", "", false},
	{"SystemCallFilter=@system-service", "SystemCallFilter=~@mount", false},
	{"SystemCallFilter=~@mount", "SystemCallFilter=@mount", true},
	{"SystemCallArchitectures=native", "SystemCallArchitectures=native x86", false},
	{"SystemCallArchitectures=native", "", false},
	{"RestrictAddressFamilies=none", "RestrictAddressFamilies=AF_UNIX", false},
	{"RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies=AF_UNIX AF_PACKET", false},
	{"RestrictNamespaces=yes", "RestrictNamespaces=no", false},
	{"RestrictNamespaces=yes", "RestrictNamespaces=user", false},
	{"RestrictNamespaces=user", "", false},
	{"RestrictNamespaces=~user", "", false},
	{"CapabilityBoundingSet=", "CapabilityBoundingSet=CAP_KILL", false},
	{"CapabilityBoundingSet=", "Nice=1", false},
	{"CapabilityBoundingSet=CAP_KILL", "", false},
	{"CapabilityBoundingSet=CAP_KILL", "CapabilityBoundingSet=CAP_KILL CAP_SYS_ADMIN", false},
	{"CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_KILL", "CapabilityBoundingSet=~CAP_KILL", false},
	{"", "AmbientCapabilities=CAP_KILL", false},
	{"User=game", "", false},
	{"User=game", "User=root", false},
	{"Group=game", "Group=0", false},
	{"UMask=0027", "", false},
	{"UMask=0027", "UMask=0022", false},
	{"", "UMask=0002", false},
	{"", "StateDirectoryMode=0777", false},
	{"ExecStart=/bin/a", "ExecStart=+/bin/a", false},
	{"ExecStart=/bin/a", "ExecStart=/bin/a\nExecStartPre=-!/bin/b", false},
};

START_TEST(weaker)
{
	ck_assert_msg(weakens(cases[_i].strong, cases[_i].weak), "%s to %s weakens",
		cases[_i].strong, cases[_i].weak);
	ck_assert_msg(weakens(cases[_i].weak, cases[_i].strong) == cases[_i].both,
		"%s to %s does not weaken", cases[_i].weak, cases[_i].strong);
}
END_TEST

/* What says nothing about the sandbox, and what cannot be compared. */
static const char *const others[][2] = {
	{"MemoryMax=1G", "MemoryMax=2G"},
	{"Nice=1", "Nice=2"},
	{"Environment=A=1", "Environment=A=2"},
	{"User=game", "User=web"},
	{"ExecStart=/bin/a", "ExecStart=-/bin/b"},
	{"ProtectHome=yes", "ProtectHome=nonsense"},
	{"SystemCallFilter=~@debug", "SystemCallFilter=~@debug:EPERM"},
	{"TemporaryFileSystem=/a:ro", "TemporaryFileSystem=/a"},
};

START_TEST(other)
{
	ck_assert(!weakens(others[_i][0], others[_i][1]));
	ck_assert(!weakens(others[_i][1], others[_i][0]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("weaker");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, weaker, 0, ELEMENTS(cases));
	tcase_add_loop_test(tc, other, 0, ELEMENTS(others));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
