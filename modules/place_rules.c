/*
 * The table of what a changed file takes, by where it stands: which program looks at it before it
 * lands (validator), and what puts it into force afterwards (activator). places.h.
 * Touches no host. Called by the derivation of effects, the apply and explain.
 *
 * What has a resource type of its own is not here: unit files (places.c), sysctl.d. The first row
 * that matches counts.
 */
#include "l4sync/places.h"

#include "l4sync/text.h"

#define USERS_MADE "its users and groups are resources, made before the files"

static const struct place_rule rules[] = {
	{"/etc/sudoers", "visudo -c", READ_ALWAYS, "sudo reads it each time"},
	{"/etc/sudoers.d/*", "visudo -c", READ_ALWAYS, "sudo reads it each time"},
	{"/etc/ssh/sshd_config", "sshd -t", RELOADS, "ssh.service"},
	{"/etc/ssh/sshd_config.d/*.conf", "sshd -t", RELOADS, "ssh.service"},
	{"/etc/nftables.conf", "nft -c -f /etc/nftables.conf", RELOADS, "nftables.service"},
	{"/etc/nftables.d/**", "nft -c -f /etc/nftables.conf", RELOADS, "nftables.service"},
	{"/etc/nginx/**", "nginx -t", RELOADS, "nginx.service"},
	{"/etc/apache2/**", "apache2ctl configtest", RELOADS, "apache2.service"},
	{"/etc/tmpfiles.d/*.conf", "systemd-tmpfiles --dry-run --create %f", RUNS,
		"systemd-tmpfiles --create %f"},
	{"/usr/local/lib/tmpfiles.d/*.conf", "systemd-tmpfiles --dry-run --create %f", RUNS,
		"systemd-tmpfiles --create %f"},
	{"/usr/lib/tmpfiles.d/*.conf", "systemd-tmpfiles --dry-run --create %f", RUNS,
		"systemd-tmpfiles --create %f"},
	{"/etc/sysusers.d/*.conf", "systemd-sysusers --dry-run %f", READ_ALWAYS, USERS_MADE},
	{"/usr/local/lib/sysusers.d/*.conf", "systemd-sysusers --dry-run %f", READ_ALWAYS,
		USERS_MADE},
	{"/usr/lib/sysusers.d/*.conf", "systemd-sysusers --dry-run %f", READ_ALWAYS, USERS_MADE},
	{"/etc/modules-load.d/*.conf", NULL, RUNS, "/usr/lib/systemd/systemd-modules-load %f"},
	{"/etc/modprobe.d/*.conf", NULL, READ_ALWAYS, "modprobe reads it each time"},
	{"/etc/binfmt.d/*.conf", NULL, RUNS, "/usr/lib/systemd/systemd-binfmt"},
	{"/etc/udev/rules.d/*.rules", "udevadm verify --resolve-names=late %f", RUNS,
		"udevadm control --reload"},
	{"/etc/udev/hwdb.d/*.hwdb", NULL, RUNS, "systemd-hwdb update"},
	{"/etc/systemd/network/**", NULL, RELOADS, "systemd-networkd.service"},
	{"/etc/systemd/resolved.conf", NULL, RELOADS, "systemd-resolved.service"},
	{"/etc/systemd/resolved.conf.d/*.conf", NULL, RELOADS, "systemd-resolved.service"},
	{"/etc/systemd/journald.conf", NULL, RESTARTS, "systemd-journald.service"},
	{"/etc/systemd/journald.conf.d/*.conf", NULL, RESTARTS, "systemd-journald.service"},
	{"/etc/systemd/timesyncd.conf", NULL, RESTARTS, "systemd-timesyncd.service"},
	{"/etc/systemd/timesyncd.conf.d/*.conf", NULL, RESTARTS, "systemd-timesyncd.service"},
	{"/etc/systemd/oomd.conf", NULL, RESTARTS, "systemd-oomd.service"},
	{"/etc/systemd/oomd.conf.d/*.conf", NULL, RESTARTS, "systemd-oomd.service"},
	/* Who is logged in depends on it. */
	{"/etc/systemd/logind.conf", NULL, READ_NEXT, "systemd-logind.service"},
	{"/etc/systemd/logind.conf.d/*.conf", NULL, READ_NEXT, "systemd-logind.service"},
	{"/etc/systemd/system.conf", NULL, RELOADS_SYSTEMD, NULL},
	{"/etc/systemd/system.conf.d/*.conf", NULL, RELOADS_SYSTEMD, NULL},
	{"/etc/systemd/user.conf", NULL, READ_ALWAYS, "read when somebody logs in"},
	{"/etc/systemd/user.conf.d/*.conf", NULL, READ_ALWAYS, "read when somebody logs in"},
	{"/etc/systemd/system-preset/*.preset", NULL, READ_ALWAYS, "read by systemctl preset"},
	{"/etc/environment.d/*.conf", NULL, READ_ALWAYS, "read when somebody logs in"},
	{"/etc/credstore/**", NULL, READ_ALWAYS, "read when a unit that loads it starts"},
	{"/etc/credstore.encrypted/**", NULL, READ_ALWAYS, "read when a unit that loads it starts"},
	{"/etc/fstab", "findmnt --verify", RELOADS_SYSTEMD, NULL},
	{"/etc/dbus-1/system.d/*.conf", NULL, RELOADS, "dbus.service"},
	{"/usr/share/dbus-1/system.d/*.conf", NULL, RELOADS, "dbus.service"},
	{"/etc/polkit-1/rules.d/*.rules", NULL, READ_ALWAYS, "polkitd watches the directory"},
	{"/etc/cron.d/*", NULL, READ_ALWAYS, "cron looks each minute"},
	{"/etc/crontab", NULL, READ_ALWAYS, "cron looks each minute"},
	{"/etc/apt/**", "apt-config dump", READ_ALWAYS, "apt reads it each time"},
	{"/etc/ld.so.conf", NULL, RUNS, "ldconfig"},
	{"/etc/ld.so.conf.d/*.conf", NULL, RUNS, "ldconfig"},
	{"/etc/logrotate.conf", "logrotate --debug /etc/logrotate.conf", READ_ALWAYS,
		"logrotate reads it each time"},
	{"/etc/logrotate.d/*", "logrotate --debug /etc/logrotate.conf", READ_ALWAYS,
		"logrotate reads it each time"},
	{"/etc/rsyslog.conf", "rsyslogd -N1", RESTARTS, "rsyslog.service"},
	{"/etc/rsyslog.d/*.conf", "rsyslogd -N1", RESTARTS, "rsyslog.service"},
	{"/etc/profile.d/*.sh", "sh -n %f", READ_ALWAYS, "read when somebody logs in"},
	{"/usr/local/share/ca-certificates/**.crt", NULL, RUNS, "update-ca-certificates"},
	{0},
};

const struct place_rule *const place_rules = rules;

const struct place_rule *place_rule(const char *path)
{
	for (const struct place_rule *x = rules; x->pattern; x++)
		if (text_glob(x->pattern, path))
			return x;
	return NULL;
}
