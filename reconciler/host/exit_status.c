/*
 * Names of exit statuses, as `systemd-analyze exit-status` lists them.
 * Called by bus_watch.c and bus_run.c.
 */
#include <signal.h>
#include <string.h>

#include "bus_internal.h"

static const struct {
	int status;
	const char *name;
} exit_statuses[] = {
	{0, "SUCCESS"},
	{1, "FAILURE"},
	{2, "INVALIDARGUMENT"},
	{3, "NOTIMPLEMENTED"},
	{4, "NOPERMISSION"},
	{5, "NOTINSTALLED"},
	{6, "NOTCONFIGURED"},
	{7, "NOTRUNNING"},
	{64, "USAGE"},
	{65, "DATAERR"},
	{66, "NOINPUT"},
	{67, "NOUSER"},
	{68, "NOHOST"},
	{69, "UNAVAILABLE"},
	{70, "SOFTWARE"},
	{71, "OSERR"},
	{72, "OSFILE"},
	{73, "CANTCREAT"},
	{74, "IOERR"},
	{75, "TEMPFAIL"},
	{76, "PROTOCOL"},
	{77, "NOPERM"},
	{78, "CONFIG"},
	{200, "CHDIR"},
	{201, "NICE"},
	{202, "FDS"},
	{203, "EXEC"},
	{204, "MEMORY"},
	{205, "LIMITS"},
	{206, "OOM_ADJUST"},
	{207, "SIGNAL_MASK"},
	{208, "STDIN"},
	{209, "STDOUT"},
	{210, "CHROOT"},
	{211, "IOPRIO"},
	{212, "TIMERSLACK"},
	{213, "SECUREBITS"},
	{214, "SETSCHEDULER"},
	{215, "CPUAFFINITY"},
	{216, "GROUP"},
	{217, "USER"},
	{218, "CAPABILITIES"},
	{219, "CGROUP"},
	{220, "SETSID"},
	{221, "CONFIRM"},
	{222, "STDERR"},
	{224, "PAM"},
	{225, "NETWORK"},
	{226, "NAMESPACE"},
	{227, "NO_NEW_PRIVILEGES"},
	{228, "SECCOMP"},
	{229, "SELINUX_CONTEXT"},
	{230, "PERSONALITY"},
	{231, "APPARMOR"},
	{232, "ADDRESS_FAMILIES"},
	{233, "RUNTIME_DIRECTORY"},
	{235, "CHOWN"},
	{236, "SMACK_PROCESS_LABEL"},
	{237, "KEYRING"},
	{238, "STATE_DIRECTORY"},
	{239, "CACHE_DIRECTORY"},
	{240, "LOGS_DIRECTORY"},
	{241, "CONFIGURATION_DIRECTORY"},
	{242, "NUMA_POLICY"},
	{243, "CREDENTIALS"},
	{244, "BPF"},
	{245, "KSM"},
	{255, "EXCEPTION"},
};

const char *exit_status_text(struct arena *a, int status)
{
	for (size_t i = 0; i < ELEMENTS(exit_statuses); i++)
		if (exit_statuses[i].status == status)
			return arena_printf(a, "%d/%s", status, exit_statuses[i].name);
	return arena_printf(a, "%d", status);
}

bool exit_status_is_systemd(int status)
{
	for (size_t i = 0; i < ELEMENTS(exit_statuses); i++)
		if (exit_statuses[i].status == status)
			return status >= 200 && status < 255;
	return false;
}

const char *exit_code_text(struct arena *a, int code, int status)
{
	const char *name;

	switch (code) {
	case CLD_EXITED:
		return arena_printf(a, "status %s", exit_status_text(a, status));
	case CLD_KILLED:
	case CLD_DUMPED:
		name = sigabbrev_np(status);
		return arena_printf(a, "killed by signal %d/%s%s", status, name ? name : "?",
			code == CLD_DUMPED ? ", core dumped" : "");
	default:
		return NULL;
	}
}
