/*
 * Every directive of systemd 257 and what its change takes (unit_meaning.h). A table, read as data;
 * tests/host measures it.
 * Called by settings.c.
 */
#include <string.h>

#include "l4sync/text.h"

#include "directives.h"

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

static const struct row {
	unsigned sections;
	enum directive_class class;
	const char *keys; /* separated by blanks */
} rows[] = {
	/* clang-format off */
	/* The reload itself stops a unit for BindsTo= or StopWhenUnneeded=, and starts others for Upholds=. */
	{UNIT, CLASS_RELOAD, "Description Documentation SourcePath CollectMode "
		"Requires Requisite Wants BindsTo Upholds Conflicts Before After OnSuccess OnFailure "
		"PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom PartOf "
		"RequiresMountsFor WantsMountsFor DefaultDependencies "
		"StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolate IgnoreOnIsolate "
		"OnSuccessJobMode OnFailureJobMode JobTimeoutSec JobRunningTimeoutSec JobTimeoutAction "
		"JobTimeoutRebootArgument SuccessAction FailureActionExitStatus SuccessActionExitStatus "
		"ConditionFirmware " TESTS("Condition") " " TESTS("Assert")},
	{UNIT, CLASS_RESTART, "JoinsNamespaceOf"},
	{UNIT, CLASS_LIVE, "SurviveFinalKillSignal"},
	{UNIT | SERVICE, CLASS_RELOAD, "StartLimitIntervalSec StartLimitBurst StartLimitAction "
		"FailureAction RebootArgument"},

	/* systemd.service(5) */
	{SERVICE, CLASS_RESTART, "ExecStart BusName USBFunctionDescriptors USBFunctionStrings "
		"WatchdogSec GuessMainPID NonBlocking Sockets OpenFile"},
	{SERVICE, CLASS_NEXT, "ExecCondition ExecReload ExecStop PermissionsStartOnly "
		"RootDirectoryStartOnly"},
	{SERVICE | SOCKET, CLASS_NEXT, "ExecStartPre ExecStartPost ExecStopPost"},
	{SERVICE | MOUNT, CLASS_RESTART, "Type"},
	{SERVICE, CLASS_RELOAD, "PIDFile ExitType Restart RestartMode RestartSec RestartSteps "
		"RestartMaxDelaySec RestartPreventExitStatus RestartForceExitStatus SuccessExitStatus "
		"TimeoutStartSec TimeoutAbortSec TimeoutStartFailureMode TimeoutStopFailureMode "
		"NotifyAccess RemainAfterExit ReloadSignal FileDescriptorStoreMax "
		"FileDescriptorStorePreserve"},
	{SERVICE | SCOPE, CLASS_RELOAD, "TimeoutStopSec RuntimeMaxSec RuntimeRandomizedExtraSec"},
	{SERVICE | SCOPE, CLASS_LIVE, "OOMPolicy"},

	/* systemd.exec(5) */
	{EXEC, CLASS_RELOAD, "TimeoutSec TimeoutCleanSec RuntimeDirectoryPreserve RemoveIPC"},
	{EXEC, CLASS_RESTART, "WorkingDirectory RootDirectory RootImage RootImageOptions "
		"RootImagePolicy RootHash RootHashSignature RootVerity RootEphemeral "
		"ExtensionDirectories ExtensionImages ExtensionImagePolicy MountImages "
		"MountImagePolicy MountAPIVFS MountFlags PrivateMounts BindLogSockets BindPaths "
		"BindReadOnlyPaths TemporaryFileSystem ReadWritePaths ReadOnlyPaths InaccessiblePaths "
		"ExecPaths NoExecPaths ExecSearchPath "
		"User Group SupplementaryGroups DynamicUser SetLoginEnvironment PAMName KeyringMode "
		"UMask CapabilityBoundingSet AmbientCapabilities SecureBits NoNewPrivileges "
		"SELinuxContext AppArmorProfile SmackProcessLabel "
		"LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE LimitRSS LimitNOFILE LimitAS "
		"LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE "
		"LimitRTPRIO LimitRTTIME CoredumpFilter OOMScoreAdjust MemoryKSM TimerSlackNSec "
		"Personality IgnoreSIGPIPE "
		"Nice CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUAffinity "
		"NUMAPolicy NUMAMask IOSchedulingClass IOSchedulingPriority "
		"ProtectSystem ProtectHome ProtectProc ProcSubset ProtectHostname ProtectClock "
		"ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups "
		"PrivateTmp PrivateDevices PrivateIPC PrivatePIDs PrivateUsers IPCNamespacePath "
		"RestrictNamespaces RestrictAddressFamilies RestrictFileSystems RestrictRealtime "
		"RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute SystemCallFilter "
		"SystemCallErrorNumber SystemCallArchitectures SystemCallLog "
		"Environment EnvironmentFile PassEnvironment UnsetEnvironment "
		"StandardInput StandardOutput StandardError StandardInputText StandardInputData "
		"TTYPath TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns UtmpIdentifier UtmpMode "
		"SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix LogLevelMax "
		"LogExtraFields LogRateLimitIntervalSec LogRateLimitBurst LogNamespace "
		"SetCredential SetCredentialEncrypted LoadCredential LoadCredentialEncrypted "
		"ImportCredential RuntimeDirectory RuntimeDirectoryMode StateDirectory "
		"StateDirectoryMode CacheDirectory CacheDirectoryMode LogsDirectory LogsDirectoryMode "
		"ConfigurationDirectory ConfigurationDirectoryMode"},
	/* A socket itself is made in there too. */
	{SERVICE | SOCKET, CLASS_RESTART, "PrivateNetwork NetworkNamespacePath"},
	{MOUNT | SWAP, CLASS_NEXT, "PrivateNetwork NetworkNamespacePath"},
	/* An attribute of the cgroup. */
	{EXEC, CLASS_LIVE, "LogFilterPatterns"},

	/* systemd.resource-control(5) */
	{CGROUP, CLASS_RESTART, "Slice Delegate DelegateSubgroup MemoryPressureWatch "
		"MemoryPressureThresholdSec BPFProgram"},
	{CGROUP, CLASS_RELOAD, "NFTSet"},
	{CGROUP, CLASS_LIVE, "CPUAccounting MemoryAccounting IOAccounting BlockIOAccounting "
		"TasksAccounting IPAccounting "
		"CPUWeight StartupCPUWeight CPUShares StartupCPUShares CPUQuota CPUQuotaPeriodSec "
		"AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes "
		"MemoryMin DefaultMemoryMin MemoryLow StartupMemoryLow DefaultMemoryLow "
		"DefaultStartupMemoryLow MemoryHigh StartupMemoryHigh MemoryMax StartupMemoryMax "
		"MemorySwapMax StartupMemorySwapMax MemoryZSwapMax StartupMemoryZSwapMax "
		"MemoryZSwapWriteback MemoryLimit TasksMax "
		"IOWeight StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax "
		"IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec BlockIOWeight "
		"StartupBlockIOWeight BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth "
		"DevicePolicy DeviceAllow DisableControllers IPAddressAllow IPAddressDeny "
		"IPIngressFilterPath IPEgressFilterPath SocketBindAllow SocketBindDeny "
		"RestrictNetworkInterfaces CoredumpReceive "
		"ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit "
		"ManagedOOMMemoryPressureDurationSec ManagedOOMPreference"},

	/* systemd.kill(5) */
	{KILL, CLASS_RELOAD, "KillMode KillSignal RestartKillSignal FinalKillSignal WatchdogSignal "
		"SendSIGKILL SendSIGHUP"},

	/* systemd.socket(5) */
	{SOCKET, CLASS_RESTART, "ListenStream ListenDatagram ListenSequentialPacket ListenFIFO "
		"ListenNetlink ListenSpecial ListenMessageQueue ListenUSBFunction SocketProtocol "
		"BindIPv6Only BindToDevice SocketUser SocketGroup SocketMode Service Accept Writable "
		"Backlog KeepAlive KeepAliveTimeSec KeepAliveIntervalSec KeepAliveProbes NoDelay "
		"Priority DeferAcceptSec ReceiveBuffer SendBuffer PipeSize IPTOS IPTTL Mark ReusePort "
		"FreeBind Transparent Broadcast PassCredentials PassSecurity PassPacketInfo Timestamping "
		"TCPCongestion MessageQueueMaxMessages MessageQueueMessageSize SmackLabel SmackLabelIPIn "
		"SmackLabelIPOut SELinuxContextFromNet Symlinks"},
	{SOCKET, CLASS_NEXT, "ExecStopPre PassFileDescriptorsToExec"},
	{SOCKET, CLASS_RELOAD, "FileDescriptorName MaxConnections MaxConnectionsPerSource "
		"PollLimitIntervalSec PollLimitBurst FlushPending RemoveOnStop"},
	{SOCKET | PATH, CLASS_RELOAD, "TriggerLimitIntervalSec TriggerLimitBurst"},

	/* systemd.mount(5), systemd.automount(5), systemd.swap(5) */
	{MOUNT | SWAP, CLASS_RESTART, "What Options"},
	{SWAP, CLASS_RESTART, "Priority"},
	{MOUNT | AUTOMOUNT, CLASS_RESTART, "Where"},
	{MOUNT, CLASS_RESTART, "SloppyOptions ReadWriteOnly"},
	{MOUNT, CLASS_RELOAD, "LazyUnmount ForceUnmount"},
	{AUTOMOUNT, CLASS_RESTART, "ExtraOptions TimeoutIdleSec"},
	{SOCKET | MOUNT | AUTOMOUNT | PATH, CLASS_NEXT, "DirectoryMode"},

	/* systemd.timer(5), systemd.path(5): armed anew by the reload */
	{TIMER, CLASS_RELOAD, "OnCalendar OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec "
		"OnUnitInactiveSec OnClockChange OnTimezoneChange Persistent WakeSystem AccuracySec "
		"RandomizedDelaySec FixedRandomDelay DeferReactivation RemainAfterElapse"},
	/* One that waits for the old unit to stop would wait for good; so would a socket. */
	{TIMER, CLASS_RESTART, "Unit"},
	{PATH, CLASS_RELOAD, "Unit PathExists PathExistsGlob PathChanged PathModified "
		"DirectoryNotEmpty"},
	{PATH, CLASS_RESTART, "MakeDirectory"},
	/* clang-format on */
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

/* What a process is started with is for commands there, and each of them is started anew. */
static enum directive_class class_in(const struct row *row, unsigned bit)
{
	if (row->sections == EXEC && row->class == CLASS_RESTART && (bit & COMMANDS))
		return CLASS_NEXT;
	return row->class;
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
	struct directive_type type = {
		.kind = KIND_LINES, .class = CLASS_RESTART, .flags = EMPTY | LITERAL};
	unsigned bit = section_bit(section), home = section_bit(directive_section(section, key));

	key = directive_key(section, key);
	type.key = arena_strdup(a, key);
	/* [Install] is read by whoever enables the unit, X-… by nobody. */
	if (!strcmp(section, "Install") || text_starts(section, "X-") || text_starts(key, "X-"))
		type.class = CLASS_NONE;
	if (!directive_kind_of(bit, key, &type))
		directive_kind_of(home, key, &type);
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if ((rows[i].sections & bit) && text_has_word(rows[i].keys, key))
			type.class = class_in(&rows[i], bit);
	return type;
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
				struct directive_type type =
					directive_type(a, sections[j].name, arena_strndup(a, p, n));

				each(sections[j].name, &type, userdata);
				p += n + strspn(p + n, " ");
			}
		}
}
