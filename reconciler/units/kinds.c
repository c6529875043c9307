/*
 * How systemd 257 reads each directive: how its assignments become a value, and which words it
 * knows (directives.h; its load-fragment-gperf.gperf.in, parser by parser). A table, read as data;
 * tests/host/container/spellings.test asks a real systemd.
 * Called by classes.c, settings.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "directives.h"

/*
 * The words of KIND_WORD and KIND_STREAM: "!" behind one: without an assignment it is that; "a>b":
 * a is b; #0..7: numbers; one that ends in ":" begins a value. Where there is a yes and a no,
 * booleans are meant. Of numbers and amounts: the least and the greatest; of limits what they are
 * numbers of; of a set all that are known; of a path where a relative one begins, or what stands
 * for the home; of a name what it ends in, or the dots that it has.
 */
#define ACTIONS                                                                                    \
	"none! exit exit-force reboot reboot-force reboot-immediate poweroff poweroff-force "      \
	"poweroff-immediate soft-reboot soft-reboot-force kexec kexec-force halt halt-force "      \
	"halt-immediate"
#define JOB_MODES                                                                                  \
	" replace-irreversibly isolate flush ignore-dependencies ignore-requirements triggering "  \
	"restart-dependencies"
#define LEVELS "emerg>0 alert>1 crit>2 err>3 warning>4 notice>5 info>6 debug>7 #0..7"
#define FACILITIES                                                                                 \
	"kern>0 user>1 mail>2 daemon>3 auth>4 syslog>5 lpr>6 news>7 uucp>8 cron>9 authpriv>10 "    \
	"ftp>11 local0>16 local1>17 local2>18 local3>19 local4>20 local5>21 local6>22 local7>23 "  \
	"#0..127"
#define CONTROLLERS "cpu cpuacct cpuset io blkio memory devices pids"
#define UNSIGNED "0 4294967295"
#define INT "-2147483648 2147483647"

static const struct row {
	unsigned sections;
	enum directive_kind kind;
	unsigned flags;
	const char *keys;  /* separated by blanks */
	const char *words; /* see above */
	enum directive_group group;
} rows[] = {
	/* clang-format off */
	{UNIT, KIND_TEXT, RESETS, "Description", 0, 0},
	{UNIT, KIND_ANY, RESETS, "JobTimeoutRebootArgument RebootArgument", 0, 0},
	{UNIT, KIND_PATH, RESETS, "SourcePath", 0, 0},
	{UNIT, KIND_WORD, 0, "CollectMode", "inactive! inactive-or-failed", 0},
	{UNIT, KIND_WORD, 0, "OnSuccessJobMode", "fail! replace" JOB_MODES, 0},
	{UNIT, KIND_WORD, 0, "OnFailureJobMode", "fail replace!" JOB_MODES, 0},
	{UNIT, KIND_WORD, 0, "JobTimeoutAction SuccessAction FailureAction StartLimitAction", ACTIONS, 0},
	{UNIT, KIND_NUMBER, RESETS, "FailureActionExitStatus SuccessActionExitStatus", "0 255", 0},
	{UNIT, KIND_WORDS, RESETS, "Documentation", 0, 0},
	{UNIT, KIND_DEPENDS, LITERAL, "Requires Requisite Wants BindsTo Upholds Conflicts Before After "
		"OnSuccess OnFailure PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo "
		"StopPropagatedFrom PartOf JoinsNamespaceOf", 0, 0},
	{UNIT, KIND_DEPENDS, 0, "RequiresMountsFor WantsMountsFor", 0, 0},
	{UNIT, KIND_NO, 0, "StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolate "
		"SurviveFinalKillSignal", 0, 0},
	/* Without an assignment it is yes for slices, mounts and the like. */
	{UNIT, KIND_BOOLEAN, 0, "IgnoreOnIsolate", 0, 0},
	{UNIT, KIND_YES, 0, "DefaultDependencies", 0, 0},
	{UNIT, KIND_TIMEOUT, 0, "JobTimeoutSec JobRunningTimeoutSec", 0, 0},
	{UNIT, KIND_CHECKS, RESETS, "ConditionFirmware " TESTS("Condition"), 0, CONDITIONS},
	{UNIT, KIND_CHECKS, RESETS, TESTS("Assert"), 0, ASSERTS},
	{UNIT, KIND_SPAN, 0, "StartLimitIntervalSec", 0, 0},
	{UNIT, KIND_NUMBER, 0, "StartLimitBurst", UNSIGNED, 0},

	{SERVICE, KIND_COMMANDS, RESETS, "ExecStart ExecCondition ExecReload ExecStop", 0, 0},
	{SERVICE | SOCKET, KIND_COMMANDS, RESETS, "ExecStartPre ExecStartPost ExecStopPost", 0, 0},
	{SERVICE, KIND_NO, 0, "PermissionsStartOnly RootDirectoryStartOnly RemainAfterExit NonBlocking",
		0, 0},
	{SERVICE, KIND_YES, 0, "GuessMainPID", 0, 0},
	{SERVICE, KIND_PATH, RESETS, "PIDFile", "/run", 0},
	{SERVICE, KIND_NAME, 0, "BusName", ".", 0},
	{SERVICE, KIND_PATH, RESETS, "USBFunctionDescriptors USBFunctionStrings", 0, 0},
	{SERVICE, KIND_WORD, 0, "Type", "simple forking oneshot dbus notify notify-reload idle exec", 0},
	{SERVICE, KIND_WORD, 0, "ExitType", "main! cgroup", 0},
	{SERVICE, KIND_WORD, 0, "Restart", "no! on-success on-failure on-abnormal on-watchdog on-abort "
		"always", 0},
	{SERVICE, KIND_WORD, 0, "RestartMode", "normal! direct debug", 0},
	{SERVICE, KIND_WORD, 0, "TimeoutStartFailureMode TimeoutStopFailureMode",
		"terminate! abort kill", 0},
	{SERVICE, KIND_WORD, 0, "NotifyAccess", "none main exec all", 0},
	{SERVICE, KIND_WORD, 0, "FileDescriptorStorePreserve", "no yes restart!", 0},
	{SERVICE, KIND_SPAN, 0, "RestartSec RestartMaxDelaySec WatchdogSec", 0, 0},
	{SERVICE, KIND_TIMEOUT, 0, "TimeoutStartSec TimeoutStopSec", 0, 0},
	{SERVICE, KIND_SPAN, RESETS, "TimeoutAbortSec", 0, 0},
	{SCOPE, KIND_SPAN, 0, "TimeoutStopSec", 0, 0},
	{SERVICE | SCOPE, KIND_SPAN, 0, "RuntimeMaxSec RuntimeRandomizedExtraSec", 0, 0},
	{SERVICE, KIND_NUMBER, 0, "RestartSteps FileDescriptorStoreMax", UNSIGNED, 0},
	{SERVICE, KIND_STATUSES, RESETS, "RestartPreventExitStatus RestartForceExitStatus "
		"SuccessExitStatus", 0, 0},
	{SERVICE, KIND_SIGNAL, 0, "ReloadSignal", "1", 0},
	{SERVICE, KIND_DEPENDS, LITERAL, "Sockets", 0, 0},
	{SERVICE, KIND_LINES, RESETS, "OpenFile", 0, 0},
	{SERVICE | SCOPE, KIND_WORD, 0, "OOMPolicy", "continue stop kill", 0},

	/* systemd.exec(5) */
	/* In [Service] it is TimeoutStartSec= and TimeoutStopSec=: settings.c. */
	{EXEC, KIND_TIMEOUT, 0, "TimeoutSec", 0, 0},
	{EXEC, KIND_SPAN, 0, "TimeoutCleanSec LogRateLimitIntervalSec", 0, 0},
	{EXEC, KIND_WORD, 0, "RuntimeDirectoryPreserve", "no! yes restart", 0},
	{EXEC, KIND_PATH, RESETS, "WorkingDirectory", "~", 0},
	{EXEC, KIND_PATH, RESETS, "RootDirectory RootImage RootVerity TTYPath "
		"NetworkNamespacePath IPCNamespacePath", 0, 0},
	{EXEC, KIND_NAME, RESETS, "User Group", 0, 0},
	{EXEC, KIND_TEXT, RESETS, "SyslogIdentifier PAMName UtmpIdentifier SELinuxContext "
		"AppArmorProfile SmackProcessLabel", 0, 0},
	{EXEC, KIND_ANY, RESETS, "RootHash RootHashSignature RootImagePolicy ExtensionImagePolicy "
		"MountImagePolicy LogNamespace Personality", 0, 0},
	{EXEC, KIND_WORD, RESETS, "SystemCallErrorNumber", "kill! EPERM>1 ENOENT>2 EIO>5 ENXIO>6 EACCES>13 "
		"EBUSY>16 EINVAL>22 EPIPE>32 ENOSYS>38 ENODATA>61 EOPNOTSUPP>95 EAFNOSUPPORT>97 "
		"EUCLEAN>117 #1..4095", 0},
	{EXEC, KIND_SET, RESETS, "CoredumpFilter", "private-anonymous shared-anonymous "
		"private-file-backed shared-file-backed elf-headers private-huge shared-huge "
		"private-dax shared-dax default all", 0},
	{EXEC, KIND_WORD, RESETS, "IOSchedulingClass", "none>0 realtime>1 best-effort>2 idle>3 #0..3",
		IO_CLASS},
	{EXEC, KIND_NUMBER, RESETS, "IOSchedulingPriority", "0 7", IO_CLASS},
	{EXEC, KIND_WORD, RESETS, "CPUSchedulingPolicy", "other>0 fifo>1 rr>2 batch>3 idle>5 #0..99",
		CPU_POLICY},
	{EXEC, KIND_NUMBER, 0, "CPUSchedulingPriority", "0 99", CPU_POLICY},
	{EXEC, KIND_WORD, RESETS, "NUMAPolicy", "default>0 preferred>1 bind>2 interleave>3 local>4", 0},
	{EXEC, KIND_STREAM, 0, "StandardInput", "null! tty tty-force tty-fail socket data fd: file:", 0},
	{EXEC, KIND_STREAM, 0, "StandardOutput StandardError", "inherit null tty kmsg kmsg+console journal "
		"journal+console socket syslog>journal syslog+console>journal+console fd: file: "
		"append: truncate:", 0},
	{EXEC, KIND_NUMBER, RESETS, "TTYRows TTYColumns", UNSIGNED, 0},
	{EXEC, KIND_WORD, 0, "SyslogFacility", FACILITIES, 0},
	{EXEC, KIND_WORD, 0, "SyslogLevel LogLevelMax", LEVELS, 0},
	{EXEC, KIND_WORD, 0, "KeyringMode", "inherit private shared", 0},
	{EXEC, KIND_WORD, 0, "ProtectProc", "default! noaccess invisible ptraceable", 0},
	{EXEC, KIND_WORD, 0, "ProcSubset", "all! pid", 0},
	{EXEC, KIND_WORD, RESETS, "MountFlags", "shared slave private", 0},
	{EXEC, KIND_WORD, 0, "UtmpMode", "init! login user", 0},
	{EXEC, KIND_BOOLEAN, RESETS, "PrivateMounts MountAPIVFS BindLogSockets MemoryKSM "
		"SetLoginEnvironment", 0, 0},
	{EXEC, KIND_WORD, 0, "PrivateTmp", "no! yes connected>yes disconnected", 0},
	{EXEC, KIND_WORD, 0, "PrivateUsers", "no! yes self>yes identity", 0},
	{EXEC, KIND_WORD, 0, "ProtectControlGroups", "no! yes private strict", 0},
	{EXEC, KIND_WORD, 0, "ProtectSystem", "no! yes full strict", 0},
	{EXEC, KIND_WORD, 0, "ProtectHome", "no! yes read-only tmpfs", 0},
	{EXEC, KIND_NO, 0, "PrivatePIDs RemoveIPC RootEphemeral CPUSchedulingResetOnFork DynamicUser "
		"TTYReset TTYVHangup TTYVTDisallocate NoNewPrivileges MemoryDenyWriteExecute "
		"RestrictRealtime RestrictSUIDSGID LockPersonality PrivateDevices "
		"ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock "
		"PrivateNetwork PrivateIPC ProtectHostname", 0, 0},
	{EXEC, KIND_YES, 0, "SyslogLevelPrefix IgnoreSIGPIPE", 0, 0},
	{EXEC, KIND_NUMBER, RESETS, "Nice", "-20 19", 0},
	{EXEC, KIND_NUMBER, RESETS, "OOMScoreAdjust", "-1000 1000", 0},
	{EXEC, KIND_NUMBER, 0, "LogRateLimitBurst", UNSIGNED, 0},
	{EXEC, KIND_ANY, 0, "TimerSlackNSec", 0, 0},
	{EXEC, KIND_MODE, 0, "UMask", "22", 0},
	{EXEC, KIND_MODE, 0, "RuntimeDirectoryMode StateDirectoryMode CacheDirectoryMode "
		"LogsDirectoryMode ConfigurationDirectoryMode", "755", 0},
	{EXEC, KIND_LIMIT, 0, "LimitFSIZE LimitDATA LimitSTACK LimitCORE LimitRSS LimitAS LimitMEMLOCK "
		"LimitMSGQUEUE", "size", 0},
	{EXEC, KIND_LIMIT, 0, "LimitNOFILE LimitNPROC LimitLOCKS LimitSIGPENDING LimitRTPRIO", "count", 0},
	{EXEC, KIND_LIMIT, 0, "LimitCPU", "seconds", 0},
	{EXEC, KIND_LIMIT, 0, "LimitRTTIME", "microseconds", 0},
	{EXEC, KIND_LIMIT, 0, "LimitNICE", "nice", 0},
	{EXEC, KIND_ENVIRONMENT, RESETS | QUOTES | ESCAPES, "Environment", 0, 0},
	{EXEC, KIND_SET, RESETS | QUOTES, "PassEnvironment SystemCallArchitectures", 0, 0},
	{EXEC, KIND_SET, RESETS | QUOTES | ESCAPES, "UnsetEnvironment", 0, 0},
	{EXEC, KIND_SET, RESETS, "SupplementaryGroups RuntimeDirectory StateDirectory CacheDirectory "
		"LogsDirectory ConfigurationDirectory", 0, 0},
	{EXEC, KIND_PATHS, RESETS | QUOTES, "ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths "
		"NoExecPaths", 0, 0},
	{EXEC, KIND_BITS, EMPTY | QUOTES, "SecureBits", 0, 0},
	{EXEC, KIND_CPUS, RESETS, "CPUAffinity NUMAMask", 0, 0},
	{EXEC, KIND_WORDS, RESETS, "ExtensionDirectories ExtensionImages MountImages "
		"TemporaryFileSystem", 0, 0},
	{EXEC, KIND_WORDS, RESETS, "BindPaths BindReadOnlyPaths", 0, BINDS},
	{EXEC, KIND_WORDS, RESETS | QUOTES | ESCAPES, "LogExtraFields", 0, 0},
	{EXEC, KIND_SIGNED, RESETS, "SystemCallFilter SystemCallLog RestrictAddressFamilies "
		"RestrictFileSystems", 0, 0},
	{EXEC, KIND_NAMESPACES, RESETS, "RestrictNamespaces", 0, 0},
	{EXEC, KIND_CAPABILITIES, EMPTY, "CapabilityBoundingSet", "all", 0},
	{EXEC, KIND_CAPABILITIES, EMPTY, "AmbientCapabilities", 0, 0},
	{EXEC, KIND_FILES, RESETS, "EnvironmentFile", 0, 0},
	{EXEC, KIND_LINES, RESETS, "RootImageOptions ExecSearchPath LogFilterPatterns "
		"ImportCredential", 0, 0},
	{EXEC, KIND_LINES, RESETS, "StandardInputText StandardInputData", 0, STDIN},
	{EXEC, KIND_CREDENTIALS, RESETS, "SetCredential SetCredentialEncrypted", 0, SET_CREDENTIALS},
	{EXEC, KIND_CREDENTIALS, RESETS, "LoadCredential LoadCredentialEncrypted", 0,
		LOADED_CREDENTIALS},

	/* systemd.resource-control(5) */
	{CGROUP, KIND_NAME, 0, "Slice", ".slice", 0},
	{CGROUP, KIND_ANY, RESETS, "DelegateSubgroup", 0, 0},
	{CGROUP, KIND_DELEGATE, EMPTY | QUOTES, "Delegate", 0, 0},
	{CGROUP, KIND_WORD, 0, "MemoryPressureWatch", "no yes auto skip", 0},
	{CGROUP, KIND_SPAN, 0, "MemoryPressureThresholdSec", 0, 0},
	{CGROUP, KIND_LINES, RESETS, "BPFProgram NFTSet IPIngressFilterPath IPEgressFilterPath", 0, 0},
	{CGROUP, KIND_NO, 0, "CoredumpReceive", 0, 0},
	{CGROUP, KIND_CPUS, RESETS, "AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes "
		"StartupAllowedMemoryNodes", 0, 0},
	{CGROUP, KIND_SET, RESETS, "DisableControllers", CONTROLLERS, 0},
	{CGROUP, KIND_ADDRESSES, RESETS, "IPAddressAllow IPAddressDeny", 0, 0},
	{CGROUP, KIND_CHECKS, RESETS, "SocketBindAllow SocketBindDeny", 0, 0},
	{CGROUP, KIND_SIGNED, RESETS, "RestrictNetworkInterfaces", 0, 0},
	{CGROUP, KIND_BOOLEAN, 0, "CPUAccounting MemoryAccounting IOAccounting BlockIOAccounting "
		"TasksAccounting IPAccounting", 0, 0},
	{CGROUP, KIND_YES, 0, "MemoryZSwapWriteback", 0, 0},
	{CGROUP, KIND_AMOUNT, RESETS, "CPUWeight StartupCPUWeight", "1 10000 idle", 0},
	{CGROUP, KIND_AMOUNT, RESETS, "IOWeight StartupIOWeight", "1 10000", 0},
	{CGROUP, KIND_AMOUNT, RESETS, "CPUShares StartupCPUShares", "2 262144", 0},
	{CGROUP, KIND_AMOUNT, RESETS, "BlockIOWeight StartupBlockIOWeight", "10 1000", 0},
	{CGROUP, KIND_AMOUNT, RESETS, "CPUQuota", "1 0 %", 0},
	{CGROUP, KIND_AMOUNT, RESETS, "ManagedOOMMemoryPressureLimit", "1 0 %100", 0},
	{CGROUP, KIND_AMOUNT, RESETS, "TasksMax", "1 9223372036854775807 %100 infinity", 0},
	{CGROUP, KIND_WORD, 0, "DevicePolicy", "auto! closed strict", 0},
	{CGROUP, KIND_WORD, RESETS, "ManagedOOMSwap ManagedOOMMemoryPressure", "auto! kill", 0},
	{CGROUP, KIND_WORD, 0, "ManagedOOMPreference", "none! avoid omit", 0},
	{CGROUP, KIND_SPAN, RESETS, "CPUQuotaPeriodSec", 0, 0},
	{CGROUP, KIND_ANY, RESETS, "ManagedOOMMemoryPressureDurationSec", 0, 0},
	/* Of the first ones an empty assignment is 0, and none is something else than that. */
	{CGROUP, KIND_MEMORY, EMPTY, "MemoryMin MemoryLow StartupMemoryLow DefaultMemoryMin "
		"DefaultMemoryLow", "0", 0},
	{CGROUP, KIND_MEMORY, EMPTY, "DefaultStartupMemoryLow StartupMemoryHigh StartupMemoryMax",
		"infinity", 0},
	{CGROUP, KIND_MEMORY, EMPTY, "StartupMemorySwapMax StartupMemoryZSwapMax", "infinity 0", 0},
	{CGROUP, KIND_MEMORY, RESETS, "MemoryHigh MemoryMax MemoryLimit", "infinity!", 0},
	{CGROUP, KIND_MEMORY, RESETS, "MemorySwapMax MemoryZSwapMax", "infinity! 0", 0},
	{CGROUP, KIND_DEVICES, RESETS, "DeviceAllow", 0, 0},
	{CGROUP, KIND_LINES, RESETS, "IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax "
		"IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec BlockIODeviceWeight", 0, 0},
	{CGROUP, KIND_LINES, RESETS, "BlockIOReadBandwidth BlockIOWriteBandwidth", 0, BANDWIDTHS},

	/* systemd.kill(5) */
	{KILL, KIND_YES, 0, "SendSIGKILL", 0, 0},
	{KILL, KIND_NO, 0, "SendSIGHUP", 0, 0},
	{KILL, KIND_WORD, RESETS, "KillMode", "control-group! process mixed none", 0},
	{KILL, KIND_SIGNAL, 0, "KillSignal", "15", 0},
	{KILL, KIND_SIGNAL, 0, "RestartKillSignal", 0, 0},
	{KILL, KIND_SIGNAL, 0, "FinalKillSignal", "9", 0},
	{KILL, KIND_SIGNAL, 0, "WatchdogSignal", "6", 0},

	/* systemd.socket(5) */
	{SOCKET, KIND_LINES, RESETS, "ListenStream ListenDatagram ListenSequentialPacket ListenFIFO "
		"ListenNetlink ListenSpecial ListenMessageQueue ListenUSBFunction", 0, LISTENS},
	{SOCKET, KIND_COMMANDS, RESETS, "ExecStopPre", 0, 0},
	{SOCKET, KIND_WORD, 0, "SocketProtocol", "udplite sctp", 0},
	{SOCKET, KIND_WORD, 0, "BindIPv6Only", "default! both ipv6-only no>both yes>ipv6-only", 0},
	{SOCKET, KIND_WORD, RESETS, "IPTOS", "low-delay>16 throughput>8 reliability>4 low-cost>2 "
		"#0..255", 0},
	{SOCKET, KIND_WORD, 0, "Timestamping", "off! us ns no>off yes>ns usec>us nsec>ns", 0},
	{SOCKET, KIND_ANY, RESETS, "BindToDevice", 0, 0},
	{SOCKET, KIND_NAME, RESETS, "SocketUser SocketGroup FileDescriptorName", 0, 0},
	{SOCKET, KIND_NAME, 0, "Service", ".service", 0},
	{SOCKET, KIND_TEXT, RESETS, "TCPCongestion SmackLabel SmackLabelIPIn SmackLabelIPOut", 0, 0},
	{SOCKET, KIND_NUMBER, 0, "Backlog KeepAliveProbes MaxConnections MaxConnectionsPerSource "
		"PollLimitBurst", UNSIGNED, 0},
	{SOCKET, KIND_NUMBER, 0, "IPTTL Mark Priority", INT, 0},
	{SOCKET, KIND_NUMBER, 0, "MessageQueueMaxMessages MessageQueueMessageSize",
		"-9223372036854775808 9223372036854775807", 0},
	{SOCKET, KIND_SPAN, 0, "PollLimitIntervalSec KeepAliveTimeSec KeepAliveIntervalSec "
		"DeferAcceptSec", 0, 0},
	{SOCKET, KIND_SIZE, 0, "ReceiveBuffer SendBuffer PipeSize", 0, 0},
	{SOCKET, KIND_MODE, 0, "SocketMode", "666", 0},
	{SOCKET, KIND_NO, 0, "Accept Writable KeepAlive NoDelay FreeBind Transparent Broadcast "
		"PassCredentials PassFileDescriptorsToExec PassSecurity PassPacketInfo ReusePort "
		"SELinuxContextFromNet FlushPending RemoveOnStop", 0, 0},
	{SOCKET, KIND_PATHS, RESETS, "Symlinks", 0, 0},
	{SOCKET | PATH, KIND_SPAN, 0, "TriggerLimitIntervalSec", 0, 0},
	{SOCKET | PATH, KIND_NUMBER, 0, "TriggerLimitBurst", UNSIGNED, 0},

	/* systemd.mount(5), systemd.automount(5), systemd.swap(5) */
	{MOUNT | SWAP, KIND_TEXT, RESETS, "What Options", 0, 0},
	{MOUNT, KIND_TEXT, RESETS, "Type", 0, 0},
	{SWAP, KIND_NUMBER, RESETS, "Priority", "-1 32767", 0},
	{MOUNT | AUTOMOUNT, KIND_PATH, RESETS, "Where", 0, 0},
	{MOUNT, KIND_NO, 0, "SloppyOptions ReadWriteOnly LazyUnmount ForceUnmount", 0, 0},
	{AUTOMOUNT, KIND_TEXT, RESETS, "ExtraOptions", 0, 0},
	{AUTOMOUNT, KIND_TIMEOUT, 0, "TimeoutIdleSec", 0, 0},
	{SOCKET | MOUNT | AUTOMOUNT | PATH, KIND_MODE, 0, "DirectoryMode", "755", 0},

	/* systemd.timer(5), systemd.path(5) */
	{TIMER, KIND_CHECKS, RESETS, "OnCalendar", 0, TIMERS},
	{TIMER, KIND_SPANS, RESETS, "OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec "
		"OnUnitInactiveSec", 0, TIMERS},
	{TIMER, KIND_NO, 0, "OnClockChange OnTimezoneChange Persistent WakeSystem FixedRandomDelay "
		"DeferReactivation", 0, 0},
	{TIMER, KIND_YES, 0, "RemainAfterElapse", 0, 0},
	{TIMER, KIND_SPAN, 0, "AccuracySec RandomizedDelaySec", 0, 0},
	/* The first one counts, and only if it is a unit. */
	{TIMER | PATH, KIND_ANY, 0, "Unit", 0, 0},
	{PATH, KIND_CHECKS, RESETS, "PathExists PathExistsGlob PathChanged PathModified "
		"DirectoryNotEmpty", 0, PATHS},
	{PATH, KIND_NO, 0, "MakeDirectory", 0, 0},
	/* clang-format on */
};

/* Names that systemd still reads for others. */
static const struct {
	const char *old, *key;
} outdated[] = {
	{"BindTo", "BindsTo"},
	{"OnFailureIsolate", "OnFailureJobMode"},
	{"PropagateReloadFrom", "ReloadPropagatedFrom"},
	{"PropagateReloadTo", "PropagatesReloadTo"},
	{"RequiresOverridable", "Requires"},
	{"RequisiteOverridable", "Requisite"},
	{"StartLimitInterval", "StartLimitIntervalSec"},
	{"ReadWriteDirectories", "ReadWritePaths"},
	{"ReadOnlyDirectories", "ReadOnlyPaths"},
	{"InaccessibleDirectories", "InaccessiblePaths"},
};

bool directive_kind_of(unsigned section, const char *key, struct directive_type *ret)
{
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		if (!(rows[i].sections & section) || !text_has_word(rows[i].keys, key))
			continue;
		ret->known = true;
		ret->kind = rows[i].kind;
		ret->flags = rows[i].flags;
		ret->words = rows[i].words;
		ret->group = rows[i].group;
		return true;
	}
	return false;
}

const char *directive_key(const char *section, const char *key)
{
	for (size_t i = 0; i < ELEMENTS(outdated); i++)
		if (!strcmp(outdated[i].old, key) && strcmp(section, "Install") != 0)
			return outdated[i].key;
	return key;
}

/* What was moved to [Unit] is one and the same there and in [Service]. */
const char *directive_section(const char *section, const char *key)
{
	static const char moved[] =
		"StartLimitInterval StartLimitBurst StartLimitAction FailureAction RebootArgument";

	if (strcmp(section, "Service") == 0 && text_has_word(moved, key))
		return "Unit";
	return section;
}
