/*
 * Which version of systemd knows a directive, and which one the host has (lint_internal.h). A
 * table, read as data: what systemd 257 knows and 252 does not.
 * Reports nothing. Called by lint.c and rules_syntax.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "l4sync/text.h"

#include "lint_internal.h"

#define LIBRARY "libsystemd-shared-"

static const struct {
	unsigned since;
	const char *keys;
} directives[] = {
	{253, "OpenFile ReloadSignal LogFilterPatterns MemoryZSwapMax StartupMemoryZSwapMax"},
	{254, "DelegateSubgroup FileDescriptorStorePreserve ImportCredential MemoryKSM "
	      "MemoryPressureWatch MemoryPressureThresholdSec RestartMaxDelaySec RestartMode "
	      "RestartSteps RootEphemeral RootImagePolicy MountImagePolicy ExtensionImagePolicy "
	      "StartupMemoryLow StartupMemoryHigh StartupMemoryMax StartupMemorySwapMax "
	      "DefaultStartupMemoryLow UpheldBy"},
	{255, "CoredumpReceive NFTSet PollLimitBurst PollLimitIntervalSec SetLoginEnvironment "
	      "SurviveFinalKillSignal"},
	{256, "MemoryZSwapWriteback PassFileDescriptorsToExec WantsMountsFor"},
	{257, "BindLogSockets DeferReactivation ManagedOOMMemoryPressureDurationSec PrivatePIDs"},
};

#define ACTIONS "soft-reboot soft-reboot-force kexec kexec-force halt halt-force halt-immediate"

static const struct {
	unsigned since;
	const char *key, *values;
} values[] = {
	{253, "Type", "notify-reload"},
	{254, "SuccessAction", ACTIONS},
	{254, "FailureAction", ACTIONS},
	{254, "StartLimitAction", ACTIONS},
	{254, "JobTimeoutAction", ACTIONS},
	{257, "PrivateTmp", "disconnected"},
	{257, "PrivateUsers", "identity"},
	{257, "ProtectControlGroups", "private strict"},
};

unsigned lint_known_since(const char *key, const char *value)
{
	for (size_t i = 0; !value && i < ELEMENTS(directives); i++)
		if (text_has_word(directives[i].keys, key))
			return directives[i].since;
	for (size_t i = 0; value && i < ELEMENTS(values); i++)
		if (!strcmp(values[i].key, key) && text_has_word(values[i].values, value))
			return values[i].since;
	return 0;
}

static unsigned version_in(struct host *h, const char *directory)
{
	int fd;
	unsigned version = 0;
	struct dirent *d;

	if (host_open_following(h, directory, O_RDONLY | O_DIRECTORY, &fd, NULL) < 0)
		return 0;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((d = readdir(dir)))
		if (text_starts(d->d_name, LIBRARY))
			version = (unsigned)strtoul(d->d_name + strlen(LIBRARY), NULL, 10);
	closedir(dir);
	return version;
}

/* By the library that systemd itself is made of: its name tells, on a file tree too. */
unsigned lint_host_version(struct lint *l)
{
	static const char *const directories[] = {"/usr/lib/systemd",
		"/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/aarch64-linux-gnu/systemd",
		"/usr/lib/i386-linux-gnu/systemd", "/usr/lib/arm-linux-gnueabihf/systemd",
		"/usr/lib/riscv64-linux-gnu/systemd"};
	unsigned version = 0;

	for (size_t i = 0; i < ELEMENTS(directories) && !version; i++)
		version = version_in(unit_view_host(l->job->view), directories[i]);
	return version;
}
