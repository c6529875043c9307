/*
 * Every directive of systemd 257: how its assignments become a value, and what its change takes
 * (unit_meaning.h). A table, read as data; tests/host measures it.
 * Called by settings.c.
 */
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unit_meaning.h"

enum {
	UNIT = 1,
	SERVICE = 2,
	SOCKET = 4,
	MOUNT = 8,
	SWAP = 16,
	SLICE = 32,
	SCOPE = 64,
	TIMER = 128,
	PATH = 256,
	AUTOMOUNT = 512,
	/* systemd.exec(5), systemd.resource-control(5), systemd.kill(5) */
	EXEC = SERVICE | SOCKET | MOUNT | SWAP,
	CGROUP = EXEC | SLICE | SCOPE,
	KILL = EXEC | SCOPE,
};

static const struct {
	const char *name;
	unsigned bit;
} sections[] = {
	{"Unit", UNIT},
	{"Service", SERVICE},
	{"Socket", SOCKET},
	{"Mount", MOUNT},
	{"Swap", SWAP},
	{"Slice", SLICE},
	{"Scope", SCOPE},
	{"Timer", TIMER},
	{"Path", PATH},
	{"Automount", AUTOMOUNT},
};

/* An empty assignment of one takes back all of its group. */
enum group { ALONE, CONDITIONS, ASSERTS, LISTENS, TIMERS, PATHS };

/* Conditions and asserts: Condition before each of these names, Assert before most. */
#define TESTS(prefix)                                                                              \
	prefix "PathExists " prefix "PathExistsGlob " prefix "PathIsDirectory " prefix             \
	       "PathIsSymbolicLink " prefix "PathIsMountPoint " prefix "PathIsReadWrite " prefix   \
	       "PathIsEncrypted " prefix "DirectoryNotEmpty " prefix "FileNotEmpty " prefix        \
	       "FileIsExecutable " prefix "NeedsUpdate " prefix "FirstBoot " prefix                \
	       "Architecture " prefix "Virtualization " prefix "Host " prefix                      \
	       "KernelCommandLine " prefix "KernelVersion " prefix "Credential " prefix            \
	       "Security " prefix "Capability " prefix "ACPower " prefix "Memory " prefix          \
	       "CPUFeature " prefix "CPUs " prefix "Environment " prefix "User " prefix            \
	       "Group " prefix "ControlGroupController " prefix "OSRelease " prefix                \
	       "MemoryPressure " prefix "CPUPressure " prefix "IOPressure"

static const struct row {
	unsigned sections;
	enum directive_kind kind;
	enum directive_class class;
	const char *keys; /* separated by blanks */
	enum group group;
} rows[] = {
	/* clang-format off */
	{UNIT, KIND_TEXT, CLASS_RELOAD, "Description SourcePath CollectMode OnSuccessJobMode "
		"OnFailureJobMode JobTimeoutAction JobTimeoutRebootArgument SuccessAction "
		"FailureActionExitStatus SuccessActionExitStatus", 0},
	{UNIT, KIND_WORDS, CLASS_RELOAD, "Documentation", 0},
	{UNIT, KIND_DEPENDS, CLASS_RELOAD, "Requires Requisite Wants BindsTo Upholds Conflicts "
		"Before After OnSuccess OnFailure PropagatesReloadTo ReloadPropagatedFrom "
		"PropagatesStopTo StopPropagatedFrom PartOf RequiresMountsFor WantsMountsFor", 0},
	{UNIT, KIND_DEPENDS, CLASS_RESTART, "JoinsNamespaceOf", 0},
	{UNIT, KIND_NO, CLASS_RELOAD, "StopWhenUnneeded RefuseManualStart RefuseManualStop "
		"AllowIsolate IgnoreOnIsolate", 0},
	{UNIT, KIND_YES, CLASS_RELOAD, "DefaultDependencies", 0},
	{UNIT, KIND_NO, CLASS_LIVE, "SurviveFinalKillSignal", 0},
	{UNIT, KIND_SPAN, CLASS_RELOAD, "JobTimeoutSec JobRunningTimeoutSec", 0},
	{UNIT, KIND_LINES, CLASS_RELOAD, "ConditionFirmware " TESTS("Condition"), CONDITIONS},
	{UNIT, KIND_LINES, CLASS_RELOAD, TESTS("Assert"), ASSERTS},
	{UNIT | SERVICE, KIND_SPAN, CLASS_RELOAD, "StartLimitIntervalSec", 0},
	{UNIT | SERVICE, KIND_NUMBER, CLASS_RELOAD, "StartLimitBurst", 0},
	{UNIT | SERVICE, KIND_TEXT, CLASS_RELOAD, "StartLimitAction FailureAction RebootArgument", 0},

	/* systemd.service(5) */
	{SERVICE, KIND_LINES, CLASS_RESTART, "ExecStart", 0},
	{SERVICE, KIND_LINES, CLASS_NEXT, "ExecCondition ExecReload ExecStop", 0},
	{SERVICE | SOCKET, KIND_LINES, CLASS_NEXT, "ExecStartPre ExecStartPost ExecStopPost", 0},
	{SERVICE, KIND_NO, CLASS_NEXT, "PermissionsStartOnly RootDirectoryStartOnly", 0},
	{SERVICE, KIND_TEXT, CLASS_RESTART, "PIDFile BusName USBFunctionDescriptors "
		"USBFunctionStrings", 0},
	{SERVICE | MOUNT, KIND_TEXT, CLASS_RESTART, "Type", 0},
	{SERVICE, KIND_TEXT, CLASS_RELOAD, "ExitType Restart RestartMode TimeoutStartFailureMode "
		"TimeoutStopFailureMode NotifyAccess FileDescriptorStorePreserve", 0},
	{SERVICE, KIND_SPAN, CLASS_RELOAD, "RestartSec RestartMaxDelaySec TimeoutStartSec "
		"TimeoutAbortSec", 0},
	{SERVICE | SCOPE, KIND_SPAN, CLASS_RELOAD, "TimeoutStopSec RuntimeMaxSec "
		"RuntimeRandomizedExtraSec", 0},
	{SERVICE, KIND_SPAN, CLASS_RESTART, "WatchdogSec", 0},
	{SERVICE, KIND_NUMBER, CLASS_RELOAD, "RestartSteps FileDescriptorStoreMax", 0},
	{SERVICE, KIND_NO, CLASS_RELOAD, "RemainAfterExit", 0},
	{SERVICE, KIND_YES, CLASS_RELOAD, "GuessMainPID", 0},
	{SERVICE, KIND_NO, CLASS_RESTART, "NonBlocking", 0},
	{SERVICE, KIND_SET, CLASS_RELOAD, "RestartPreventExitStatus RestartForceExitStatus "
		"SuccessExitStatus", 0},
	{SERVICE, KIND_SIGNAL, CLASS_RELOAD, "ReloadSignal", 0},
	{SERVICE, KIND_SET, CLASS_RESTART, "Sockets", 0},
	{SERVICE, KIND_LINES, CLASS_RESTART, "OpenFile", 0},
	{SERVICE | SCOPE, KIND_TEXT, CLASS_LIVE, "OOMPolicy", 0},

	/* systemd.exec(5) */
	{EXEC, KIND_SPAN, CLASS_RELOAD, "TimeoutSec TimeoutCleanSec", 0},
	{EXEC, KIND_TEXT, CLASS_RELOAD, "RuntimeDirectoryPreserve", 0},
	{EXEC, KIND_NO, CLASS_RELOAD, "RemoveIPC", 0},
	{EXEC, KIND_TEXT, CLASS_RESTART, "WorkingDirectory RootDirectory RootImage RootImagePolicy "
		"RootHash RootHashSignature RootVerity ExtensionImagePolicy MountImagePolicy User "
		"Group SetLoginEnvironment CoredumpFilter IOSchedulingClass CPUSchedulingPolicy "
		"NUMAPolicy StandardInput StandardOutput StandardError TTYPath TTYRows TTYColumns "
		"SyslogIdentifier SyslogFacility SyslogLevel LogLevelMax KeyringMode ProtectProc "
		"ProcSubset SystemCallErrorNumber MountFlags NetworkNamespacePath IPCNamespacePath "
		"LogNamespace Personality PAMName UtmpIdentifier UtmpMode SELinuxContext "
		"AppArmorProfile SmackProcessLabel", 0},
	{EXEC, KIND_BOOLEAN, CLASS_RESTART, "PrivateMounts MountAPIVFS BindLogSockets MemoryKSM", 0},
	{EXEC, KIND_NO, CLASS_RESTART, "PrivateTmp ProtectControlGroups PrivateUsers PrivatePIDs "
		"ProtectSystem ProtectHome RootEphemeral CPUSchedulingResetOnFork DynamicUser TTYReset "
		"TTYVHangup TTYVTDisallocate NoNewPrivileges MemoryDenyWriteExecute "
		"RestrictRealtime RestrictSUIDSGID LockPersonality PrivateDevices "
		"ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock "
		"PrivateNetwork PrivateIPC ProtectHostname", 0},
	{EXEC, KIND_YES, CLASS_RESTART, "SyslogLevelPrefix IgnoreSIGPIPE", 0},
	{EXEC, KIND_NUMBER, CLASS_RESTART, "Nice OOMScoreAdjust IOSchedulingPriority "
		"CPUSchedulingPriority LogRateLimitBurst", 0},
	{EXEC, KIND_SPAN, CLASS_RESTART, "LogRateLimitIntervalSec", 0},
	{EXEC, KIND_TEXT, CLASS_RESTART, "TimerSlackNSec", 0},
	{EXEC, KIND_MODE, CLASS_RESTART, "UMask RuntimeDirectoryMode StateDirectoryMode "
		"CacheDirectoryMode LogsDirectoryMode ConfigurationDirectoryMode", 0},
	{EXEC, KIND_LIMIT, CLASS_RESTART, "LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE "
		"LimitRSS LimitNOFILE LimitAS LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING "
		"LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME", 0},
	{EXEC, KIND_KEYED, CLASS_RESTART, "Environment", 0},
	{EXEC, KIND_SET, CLASS_RESTART, "SupplementaryGroups PassEnvironment SecureBits "
		"SystemCallArchitectures RuntimeDirectory StateDirectory CacheDirectory "
		"LogsDirectory ConfigurationDirectory ReadWritePaths ReadOnlyPaths "
		"InaccessiblePaths ExecPaths NoExecPaths CPUAffinity NUMAMask", 0},
	{EXEC, KIND_WORDS, CLASS_RESTART, "RootImageOptions ExtensionDirectories ExtensionImages "
		"MountImages UnsetEnvironment AmbientCapabilities "
		"SystemCallFilter SystemCallLog RestrictNamespaces RestrictAddressFamilies "
		"RestrictFileSystems ExecSearchPath BindPaths BindReadOnlyPaths "
		"TemporaryFileSystem LogExtraFields", 0},
	{EXEC, KIND_CAPABILITIES, CLASS_RESTART, "CapabilityBoundingSet", 0},
	{EXEC, KIND_LINES, CLASS_RESTART, "EnvironmentFile StandardInputText StandardInputData "
		"LogFilterPatterns SetCredential SetCredentialEncrypted LoadCredential "
		"LoadCredentialEncrypted ImportCredential", 0},

	/* systemd.resource-control(5) */
	{CGROUP, KIND_TEXT, CLASS_RESTART, "Slice DelegateSubgroup", 0},
	{CGROUP, KIND_NO, CLASS_RESTART, "Delegate", 0},
	{CGROUP, KIND_BOOLEAN, CLASS_RESTART, "MemoryPressureWatch", 0},
	{CGROUP, KIND_SPAN, CLASS_RESTART, "MemoryPressureThresholdSec", 0},
	{CGROUP, KIND_WORDS, CLASS_RESTART, "BPFProgram NFTSet", 0},
	{CGROUP, KIND_NO, CLASS_RESTART, "CoredumpReceive", 0},
	{CGROUP, KIND_SET, CLASS_LIVE, "AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes "
		"StartupAllowedMemoryNodes DisableControllers IPAddressAllow IPAddressDeny "
		"IPIngressFilterPath IPEgressFilterPath SocketBindAllow SocketBindDeny", 0},
	{CGROUP, KIND_WORDS, CLASS_LIVE, "RestrictNetworkInterfaces", 0},
	{CGROUP, KIND_BOOLEAN, CLASS_LIVE, "CPUAccounting MemoryAccounting IOAccounting "
		"BlockIOAccounting TasksAccounting IPAccounting", 0},
	{CGROUP, KIND_YES, CLASS_LIVE, "MemoryZSwapWriteback", 0},
	{CGROUP, KIND_TEXT, CLASS_LIVE, "CPUWeight StartupCPUWeight CPUShares StartupCPUShares "
		"CPUQuota IOWeight StartupIOWeight BlockIOWeight StartupBlockIOWeight "
		"DevicePolicy ManagedOOMSwap ManagedOOMMemoryPressure "
		"ManagedOOMMemoryPressureLimit ManagedOOMPreference", 0},
	{CGROUP, KIND_SPAN, CLASS_LIVE, "CPUQuotaPeriodSec ManagedOOMMemoryPressureDurationSec", 0},
	{CGROUP, KIND_SIZE, CLASS_LIVE, "MemoryMin DefaultMemoryMin DefaultMemoryLow "
		"DefaultStartupMemoryLow MemoryLow StartupMemoryLow MemoryHigh StartupMemoryHigh "
		"MemoryMax StartupMemoryMax MemorySwapMax StartupMemorySwapMax MemoryZSwapMax "
		"StartupMemoryZSwapMax MemoryLimit TasksMax", 0},
	{CGROUP, KIND_LINES, CLASS_LIVE, "DeviceAllow IODeviceWeight IOReadBandwidthMax "
		"IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec "
		"BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth", 0},

	/* systemd.kill(5) */
	{KILL, KIND_YES, CLASS_RELOAD, "SendSIGKILL", 0},
	{KILL, KIND_NO, CLASS_RELOAD, "SendSIGHUP", 0},
	{KILL, KIND_TEXT, CLASS_RELOAD, "KillMode", 0},
	{KILL, KIND_SIGNAL, CLASS_RELOAD, "KillSignal RestartKillSignal FinalKillSignal "
		"WatchdogSignal", 0},

	/* systemd.socket(5) */
	{SOCKET, KIND_LINES, CLASS_RESTART, "ListenStream ListenDatagram ListenSequentialPacket "
		"ListenFIFO ListenNetlink ListenSpecial ListenMessageQueue ListenUSBFunction",
		LISTENS},
	{SOCKET, KIND_LINES, CLASS_NEXT, "ExecStopPre", 0},
	{SOCKET, KIND_TEXT, CLASS_RESTART, "SocketProtocol BindIPv6Only BindToDevice SocketUser "
		"SocketGroup IPTOS Timestamping TCPCongestion FileDescriptorName Service SmackLabel "
		"SmackLabelIPIn SmackLabelIPOut", 0},
	{SOCKET, KIND_NUMBER, CLASS_RESTART, "Backlog KeepAliveProbes IPTTL Mark "
		"MessageQueueMaxMessages MessageQueueMessageSize", 0},
	{SOCKET, KIND_NUMBER, CLASS_RELOAD, "MaxConnections MaxConnectionsPerSource PollLimitBurst", 0},
	{SOCKET, KIND_SPAN, CLASS_RELOAD, "PollLimitIntervalSec", 0},
	{SOCKET, KIND_SPAN, CLASS_RESTART, "KeepAliveTimeSec KeepAliveIntervalSec DeferAcceptSec", 0},
	{SOCKET, KIND_SIZE, CLASS_RESTART, "ReceiveBuffer SendBuffer PipeSize", 0},
	{SOCKET, KIND_MODE, CLASS_RESTART, "SocketMode", 0},
	{SOCKET, KIND_NO, CLASS_RESTART, "Accept Writable KeepAlive NoDelay FreeBind Transparent "
		"Broadcast PassCredentials PassFileDescriptorsToExec PassSecurity PassPacketInfo "
		"ReusePort SELinuxContextFromNet", 0},
	{SOCKET, KIND_NO, CLASS_RELOAD, "FlushPending RemoveOnStop", 0},
	{SOCKET, KIND_SET, CLASS_RESTART, "Symlinks", 0},
	{SOCKET | PATH, KIND_SPAN, CLASS_RELOAD, "TriggerLimitIntervalSec", 0},
	{SOCKET | PATH, KIND_NUMBER, CLASS_RELOAD, "TriggerLimitBurst", 0},

	/* systemd.mount(5), systemd.automount(5), systemd.swap(5) */
	{MOUNT | SWAP, KIND_TEXT, CLASS_RESTART, "What Options", 0},
	{SWAP, KIND_NUMBER, CLASS_RESTART, "Priority", 0},
	{SOCKET, KIND_NUMBER, CLASS_RESTART, "Priority", 0},
	{MOUNT | AUTOMOUNT, KIND_TEXT, CLASS_RESTART, "Where", 0},
	{MOUNT, KIND_NO, CLASS_RESTART, "SloppyOptions ReadWriteOnly", 0},
	{MOUNT, KIND_NO, CLASS_RELOAD, "LazyUnmount ForceUnmount", 0},
	{AUTOMOUNT, KIND_TEXT, CLASS_RESTART, "ExtraOptions", 0},
	{AUTOMOUNT, KIND_SPAN, CLASS_RESTART, "TimeoutIdleSec", 0},
	{SOCKET | MOUNT | AUTOMOUNT | PATH, KIND_MODE, CLASS_NEXT, "DirectoryMode", 0},

	/* systemd.timer(5), systemd.path(5): armed anew by the reload */
	{TIMER, KIND_LINES, CLASS_RELOAD, "OnCalendar OnActiveSec OnBootSec OnStartupSec "
		"OnUnitActiveSec OnUnitInactiveSec", TIMERS},
	{TIMER, KIND_NO, CLASS_RELOAD, "OnClockChange OnTimezoneChange Persistent WakeSystem "
		"FixedRandomDelay DeferReactivation", 0},
	{TIMER, KIND_YES, CLASS_RELOAD, "RemainAfterElapse", 0},
	{TIMER, KIND_SPAN, CLASS_RELOAD, "AccuracySec RandomizedDelaySec", 0},
	{TIMER | PATH, KIND_TEXT, CLASS_RELOAD, "Unit", 0},
	{PATH, KIND_LINES, CLASS_RELOAD, "PathExists PathExistsGlob PathChanged PathModified "
		"DirectoryNotEmpty", PATHS},
	{PATH, KIND_NO, CLASS_NEXT, "MakeDirectory", 0},
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

const char *directive_class_name(enum directive_class c)
{
	static const char *const names[] = {
		[CLASS_NONE] = "none",
		[CLASS_RELOAD] = "reload",
		[CLASS_NEXT] = "next",
		[CLASS_LIVE] = "live",
		[CLASS_RESTART] = "restart",
	};

	return names[c];
}

static unsigned section_bit(const char *section)
{
	for (size_t i = 0; i < ELEMENTS(sections); i++)
		if (!strcmp(sections[i].name, section))
			return sections[i].bit;
	return 0;
}

struct directive_type directive_type(struct arena *a, const char *section, const char *key)
{
	struct directive_type unknown = {arena_strdup(a, key), KIND_LINES, CLASS_RESTART, 0};
	unsigned bit = section_bit(section);

	for (size_t i = 0; i < ELEMENTS(outdated); i++)
		if (!strcmp(outdated[i].old, key))
			key = outdated[i].key;
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if ((rows[i].sections & bit) && text_has_word(rows[i].keys, key))
			return (struct directive_type){
				arena_strdup(a, key), rows[i].kind, rows[i].class, rows[i].group};
	/* [Install] is read by whoever enables the unit, X-… by nobody. */
	if (!strcmp(section, "Install") || text_starts(section, "X-") || text_starts(key, "X-"))
		unknown.class = CLASS_NONE;
	return unknown;
}

void directive_each(void (*each)(const char *section, const struct directive_type *type, void *u),
	void *userdata)
{
	_cleanup_arena_ struct arena *a = arena_new();

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		for (size_t j = 0; j < ELEMENTS(sections); j++) {
			if (!(rows[i].sections & sections[j].bit))
				continue;
			for (const char *p = rows[i].keys; *p;) {
				size_t n = strcspn(p, " ");
				struct directive_type type = {arena_strndup(a, p, n), rows[i].kind,
					rows[i].class, rows[i].group};

				each(sections[j].name, &type, userdata);
				p += n + strspn(p + n, " ");
			}
		}
}
