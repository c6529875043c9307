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
	{UNIT, CLASS_RELOAD, "Description SourcePath CollectMode OnSuccessJobMode "
		"OnFailureJobMode JobTimeoutAction JobTimeoutRebootArgument SuccessAction "
		"FailureActionExitStatus SuccessActionExitStatus"},
	{UNIT, CLASS_RELOAD, "Documentation"},
	{UNIT, CLASS_RELOAD, "Requires Requisite Wants BindsTo Upholds Conflicts "
		"Before After OnSuccess OnFailure PropagatesReloadTo ReloadPropagatedFrom "
		"PropagatesStopTo StopPropagatedFrom PartOf RequiresMountsFor WantsMountsFor"},
	{UNIT, CLASS_RESTART, "JoinsNamespaceOf"},
	{UNIT, CLASS_RELOAD, "StopWhenUnneeded RefuseManualStart RefuseManualStop "
		"AllowIsolate IgnoreOnIsolate"},
	{UNIT, CLASS_RELOAD, "DefaultDependencies"},
	{UNIT, CLASS_LIVE, "SurviveFinalKillSignal"},
	{UNIT, CLASS_RELOAD, "JobTimeoutSec JobRunningTimeoutSec"},
	{UNIT, CLASS_RELOAD, "ConditionFirmware " TESTS("Condition")},
	{UNIT, CLASS_RELOAD, TESTS("Assert")},
	{UNIT | SERVICE, CLASS_RELOAD, "StartLimitIntervalSec"},
	{UNIT | SERVICE, CLASS_RELOAD, "StartLimitBurst"},
	{UNIT | SERVICE, CLASS_RELOAD, "StartLimitAction FailureAction RebootArgument"},

	/* systemd.service(5) */
	{SERVICE, CLASS_RESTART, "ExecStart"},
	{SERVICE, CLASS_NEXT, "ExecCondition ExecReload ExecStop"},
	{SERVICE | SOCKET, CLASS_NEXT, "ExecStartPre ExecStartPost ExecStopPost"},
	{SERVICE, CLASS_NEXT, "PermissionsStartOnly RootDirectoryStartOnly"},
	{SERVICE, CLASS_RESTART, "PIDFile BusName USBFunctionDescriptors "
		"USBFunctionStrings"},
	{SERVICE | MOUNT, CLASS_RESTART, "Type"},
	{SERVICE, CLASS_RELOAD, "ExitType Restart RestartMode TimeoutStartFailureMode "
		"TimeoutStopFailureMode NotifyAccess FileDescriptorStorePreserve"},
	{SERVICE, CLASS_RELOAD, "RestartSec RestartMaxDelaySec TimeoutStartSec "
		"TimeoutAbortSec"},
	{SERVICE | SCOPE, CLASS_RELOAD, "TimeoutStopSec RuntimeMaxSec "
		"RuntimeRandomizedExtraSec"},
	{SERVICE, CLASS_RESTART, "WatchdogSec"},
	{SERVICE, CLASS_RELOAD, "RestartSteps FileDescriptorStoreMax"},
	{SERVICE, CLASS_RELOAD, "RemainAfterExit"},
	{SERVICE, CLASS_RELOAD, "GuessMainPID"},
	{SERVICE, CLASS_RESTART, "NonBlocking"},
	{SERVICE, CLASS_RELOAD, "RestartPreventExitStatus RestartForceExitStatus "
		"SuccessExitStatus"},
	{SERVICE, CLASS_RELOAD, "ReloadSignal"},
	{SERVICE, CLASS_RESTART, "Sockets"},
	{SERVICE, CLASS_RESTART, "OpenFile"},
	{SERVICE | SCOPE, CLASS_LIVE, "OOMPolicy"},

	/* systemd.exec(5) */
	{EXEC, CLASS_RELOAD, "TimeoutSec TimeoutCleanSec"},
	{EXEC, CLASS_RELOAD, "RuntimeDirectoryPreserve"},
	{EXEC, CLASS_RELOAD, "RemoveIPC"},
	{EXEC, CLASS_RESTART, "WorkingDirectory RootDirectory RootImage RootImagePolicy "
		"RootHash RootHashSignature RootVerity ExtensionImagePolicy MountImagePolicy User "
		"Group SetLoginEnvironment CoredumpFilter IOSchedulingClass CPUSchedulingPolicy "
		"NUMAPolicy StandardInput StandardOutput StandardError TTYPath TTYRows TTYColumns "
		"SyslogIdentifier SyslogFacility SyslogLevel LogLevelMax KeyringMode ProtectProc "
		"ProcSubset SystemCallErrorNumber MountFlags NetworkNamespacePath IPCNamespacePath "
		"LogNamespace Personality PAMName UtmpIdentifier UtmpMode SELinuxContext "
		"AppArmorProfile SmackProcessLabel"},
	{EXEC, CLASS_RESTART, "PrivateMounts MountAPIVFS BindLogSockets MemoryKSM"},
	{EXEC, CLASS_RESTART, "PrivateTmp ProtectControlGroups PrivateUsers PrivatePIDs "
		"ProtectSystem ProtectHome RootEphemeral CPUSchedulingResetOnFork DynamicUser TTYReset "
		"TTYVHangup TTYVTDisallocate NoNewPrivileges MemoryDenyWriteExecute "
		"RestrictRealtime RestrictSUIDSGID LockPersonality PrivateDevices "
		"ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock "
		"PrivateNetwork PrivateIPC ProtectHostname"},
	{EXEC, CLASS_RESTART, "SyslogLevelPrefix IgnoreSIGPIPE"},
	{EXEC, CLASS_RESTART, "Nice OOMScoreAdjust IOSchedulingPriority "
		"CPUSchedulingPriority LogRateLimitBurst"},
	{EXEC, CLASS_RESTART, "LogRateLimitIntervalSec"},
	{EXEC, CLASS_RESTART, "TimerSlackNSec"},
	{EXEC, CLASS_RESTART, "UMask RuntimeDirectoryMode StateDirectoryMode "
		"CacheDirectoryMode LogsDirectoryMode ConfigurationDirectoryMode"},
	{EXEC, CLASS_RESTART, "LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE "
		"LimitRSS LimitNOFILE LimitAS LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING "
		"LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME"},
	{EXEC, CLASS_RESTART, "Environment"},
	{EXEC, CLASS_RESTART, "SupplementaryGroups PassEnvironment SecureBits "
		"SystemCallArchitectures RuntimeDirectory StateDirectory CacheDirectory "
		"LogsDirectory ConfigurationDirectory ReadWritePaths ReadOnlyPaths "
		"InaccessiblePaths ExecPaths NoExecPaths CPUAffinity NUMAMask"},
	{EXEC, CLASS_RESTART, "RootImageOptions ExtensionDirectories ExtensionImages "
		"MountImages UnsetEnvironment AmbientCapabilities "
		"SystemCallFilter SystemCallLog RestrictNamespaces RestrictAddressFamilies "
		"RestrictFileSystems ExecSearchPath BindPaths BindReadOnlyPaths "
		"TemporaryFileSystem LogExtraFields"},
	{EXEC, CLASS_RESTART, "CapabilityBoundingSet"},
	{EXEC, CLASS_RESTART, "EnvironmentFile StandardInputText StandardInputData "
		"LogFilterPatterns SetCredential SetCredentialEncrypted LoadCredential "
		"LoadCredentialEncrypted ImportCredential"},

	/* systemd.resource-control(5) */
	{CGROUP, CLASS_RESTART, "Slice DelegateSubgroup"},
	{CGROUP, CLASS_RESTART, "Delegate"},
	{CGROUP, CLASS_RESTART, "MemoryPressureWatch"},
	{CGROUP, CLASS_RESTART, "MemoryPressureThresholdSec"},
	{CGROUP, CLASS_RESTART, "BPFProgram NFTSet"},
	{CGROUP, CLASS_RESTART, "CoredumpReceive"},
	{CGROUP, CLASS_LIVE, "AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes "
		"StartupAllowedMemoryNodes DisableControllers IPAddressAllow IPAddressDeny "
		"IPIngressFilterPath IPEgressFilterPath SocketBindAllow SocketBindDeny"},
	{CGROUP, CLASS_LIVE, "RestrictNetworkInterfaces"},
	{CGROUP, CLASS_LIVE, "CPUAccounting MemoryAccounting IOAccounting "
		"BlockIOAccounting TasksAccounting IPAccounting"},
	{CGROUP, CLASS_LIVE, "MemoryZSwapWriteback"},
	{CGROUP, CLASS_LIVE, "CPUWeight StartupCPUWeight CPUShares StartupCPUShares "
		"CPUQuota IOWeight StartupIOWeight BlockIOWeight StartupBlockIOWeight "
		"DevicePolicy ManagedOOMSwap ManagedOOMMemoryPressure "
		"ManagedOOMMemoryPressureLimit ManagedOOMPreference"},
	{CGROUP, CLASS_LIVE, "CPUQuotaPeriodSec ManagedOOMMemoryPressureDurationSec"},
	{CGROUP, CLASS_LIVE, "MemoryMin DefaultMemoryMin DefaultMemoryLow "
		"DefaultStartupMemoryLow MemoryLow StartupMemoryLow MemoryHigh StartupMemoryHigh "
		"MemoryMax StartupMemoryMax MemorySwapMax StartupMemorySwapMax MemoryZSwapMax "
		"StartupMemoryZSwapMax MemoryLimit TasksMax"},
	{CGROUP, CLASS_LIVE, "DeviceAllow IODeviceWeight IOReadBandwidthMax "
		"IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec "
		"BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth"},

	/* systemd.kill(5) */
	{KILL, CLASS_RELOAD, "SendSIGKILL"},
	{KILL, CLASS_RELOAD, "SendSIGHUP"},
	{KILL, CLASS_RELOAD, "KillMode"},
	{KILL, CLASS_RELOAD, "KillSignal RestartKillSignal FinalKillSignal "
		"WatchdogSignal"},

	/* systemd.socket(5) */
	{SOCKET, CLASS_RESTART, "ListenStream ListenDatagram ListenSequentialPacket "
		"ListenFIFO ListenNetlink ListenSpecial ListenMessageQueue ListenUSBFunction"},
	{SOCKET, CLASS_NEXT, "ExecStopPre"},
	{SOCKET, CLASS_RESTART, "SocketProtocol BindIPv6Only BindToDevice SocketUser "
		"SocketGroup IPTOS Timestamping TCPCongestion FileDescriptorName Service SmackLabel "
		"SmackLabelIPIn SmackLabelIPOut"},
	{SOCKET, CLASS_RESTART, "Backlog KeepAliveProbes IPTTL Mark "
		"MessageQueueMaxMessages MessageQueueMessageSize"},
	{SOCKET, CLASS_RELOAD, "MaxConnections MaxConnectionsPerSource PollLimitBurst"},
	{SOCKET, CLASS_RELOAD, "PollLimitIntervalSec"},
	{SOCKET, CLASS_RESTART, "KeepAliveTimeSec KeepAliveIntervalSec DeferAcceptSec"},
	{SOCKET, CLASS_RESTART, "ReceiveBuffer SendBuffer PipeSize"},
	{SOCKET, CLASS_RESTART, "SocketMode"},
	{SOCKET, CLASS_RESTART, "Accept Writable KeepAlive NoDelay FreeBind Transparent "
		"Broadcast PassCredentials PassFileDescriptorsToExec PassSecurity PassPacketInfo "
		"ReusePort SELinuxContextFromNet"},
	{SOCKET, CLASS_RELOAD, "FlushPending RemoveOnStop"},
	{SOCKET, CLASS_RESTART, "Symlinks"},
	{SOCKET | PATH, CLASS_RELOAD, "TriggerLimitIntervalSec"},
	{SOCKET | PATH, CLASS_RELOAD, "TriggerLimitBurst"},

	/* systemd.mount(5), systemd.automount(5), systemd.swap(5) */
	{MOUNT | SWAP, CLASS_RESTART, "What Options"},
	{SWAP, CLASS_RESTART, "Priority"},
	{SOCKET, CLASS_RESTART, "Priority"},
	{MOUNT | AUTOMOUNT, CLASS_RESTART, "Where"},
	{MOUNT, CLASS_RESTART, "SloppyOptions ReadWriteOnly"},
	{MOUNT, CLASS_RELOAD, "LazyUnmount ForceUnmount"},
	{AUTOMOUNT, CLASS_RESTART, "ExtraOptions"},
	{AUTOMOUNT, CLASS_RESTART, "TimeoutIdleSec"},
	{SOCKET | MOUNT | AUTOMOUNT | PATH, CLASS_NEXT, "DirectoryMode"},

	/* systemd.timer(5), systemd.path(5): armed anew by the reload */
	{TIMER, CLASS_RELOAD, "OnCalendar OnActiveSec OnBootSec OnStartupSec "
		"OnUnitActiveSec OnUnitInactiveSec"},
	{TIMER, CLASS_RELOAD, "OnClockChange OnTimezoneChange Persistent WakeSystem "
		"FixedRandomDelay DeferReactivation"},
	{TIMER, CLASS_RELOAD, "RemainAfterElapse"},
	{TIMER, CLASS_RELOAD, "AccuracySec RandomizedDelaySec"},
	{TIMER | PATH, CLASS_RELOAD, "Unit"},
	{PATH, CLASS_RELOAD, "PathExists PathExistsGlob PathChanged PathModified "
		"DirectoryNotEmpty"},
	{PATH, CLASS_NEXT, "MakeDirectory"},
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
	unsigned bit = section_bit(section);

	key = directive_key(section, key);
	type.key = arena_strdup(a, key);
	/* [Install] is read by whoever enables the unit, X-… by nobody. */
	if (!strcmp(section, "Install") || text_starts(section, "X-") || text_starts(key, "X-"))
		type.class = CLASS_NONE;
	if (!directive_kind_of(bit, key, &type))
		directive_kind_of(section_bit(directive_section(section, key)), key, &type);
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if ((rows[i].sections & bit) && text_has_word(rows[i].keys, key))
			type.class = rows[i].class;
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
