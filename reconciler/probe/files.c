/*
 * What stands on the host while a sandbox is tried, and its removal (probe.h): all of it below
 * /run, so that a boot takes it away too.
 * Called by run.c, and by whoever opens a writing run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "l4sync/io.h"
#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "probe_internal.h"

#define NAME_TRIES 16
#define STOP_TIMEOUT_MS 15000

static int write_file(const char *path, mode_t mode, const void *data, size_t size, struct err *e)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r = fd < 0 ? -errno : 0;

	if (r >= 0)
		r = fd_write_all(fd, data, size);
	if (r >= 0 && fchmod(fd, mode) < 0) /* whatever the umask */
		r = -errno;
	return r < 0 ? err_errno(e, r, "cannot write %s", path) : 0;
}

static int make_dir(const char *path, struct err *e)
{
	if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
		return err_errno(e, -errno, "cannot make %s", path);
	return 0;
}

/* systemd connects it before it enters the sandbox. */
static int listen_there(struct trial *t, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PROBE_SOCKET};

	t->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->listen_fd < 0 ||
		bind(t->listen_fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
		chmod(PROBE_SOCKET, 0600) < 0 || listen(t->listen_fd, 1) < 0)
		return err_errno(e, -errno, "cannot listen at " PROBE_SOCKET);
	return 0;
}

int trial_make_files(struct trial *t, struct err *e)
{
	size_t size = (size_t)probe_program_size;
	int r = size ? make_dir(PROBE_DIR, e)
		     : err_set(e, -ENOEXEC, "this l4sync was built without its program for that");

	if (r >= 0)
		r = write_file(PROBE_PROGRAM, 0755, probe_program, size, e);
	if (r >= 0)
		r = write_file(PROBE_FILE, 0644, "", 0, e);
	if (r >= 0)
		r = make_dir(PROBE_DIRECTORY, e);
	return r < 0 ? r : listen_there(t, e);
}

void trial_remove_files(void)
{
	(void)unlink(PROBE_SOCKET);
	(void)unlink(PROBE_PROGRAM);
	(void)unlink(PROBE_FILE);
	(void)rmdir(PROBE_DIRECTORY);
	(void)rmdir(PROBE_DIR);
}

static const char *instance_of(struct trial *t)
{
	const char *at = strchr(t->probe->unit, '@'), *dot = strrchr(t->probe->unit, '.');

	return at ? arena_strndup(t->arena, at, (size_t)(dot - at)) : "";
}

/* In a slice of its own: see append_limit() in bus_transient.c. */
static const char *unit_text(struct trial *t)
{
	const struct probe *p = t->probe;
	const char *path = strchr(p->program, '/');

	return arena_printf(t->arena,
		"[Unit]\n"
		"Description=l4sync: a trial of the sandbox of %s\n"
		"[Service]\n"
		"%s"
		"Type=exec\n"
		"ExecStart=%s\n"
		"BindReadOnlyPaths=" PROBE_PROGRAM ":%s\n"
		"ExecPaths=%s\n"
		"StandardInput=file:" PROBE_SOCKET "\n"
		"StandardOutput=file:" PROBE_SOCKET "\n"
		"StandardError=journal\n"
		"Slice=l4sync.slice\n"
		"LimitCORE=0\n"
		"Restart=no\n"
		"TimeoutStartSec=10\n"
		"RuntimeMaxSec=60\n"
		"TimeoutStopSec=5\n"
		"KillMode=control-group\n"
		"KillSignal=SIGKILL\n",
		p->unit, p->settings, p->program, path, path);
}

static int write_unit(struct trial *t, struct err *e)
{
	const char *text = unit_text(t);
	int r = -EEXIST;

	for (int i = 0; i < NAME_TRIES && r == -EEXIST; i++) {
		uint32_t number;

		err_clear(e);
		if (getrandom(&number, sizeof number, 0) != sizeof number)
			return err_errno(e, -errno, "no random number for a name");
		t->name = arena_printf(
			t->arena, PROBE_UNIT_PREFIX "%08x%s.service", number, instance_of(t));
		r = write_file(arena_printf(t->arena, PROBE_UNIT_DIR "/%s", t->name), 0644, text,
			strlen(text), e);
	}
	if (r < 0)
		t->name = NULL;
	return r;
}

/*
 * service.d/ and the like would be added once more, after the drop-ins that the service has from
 * there, with their commands and dependencies. A link of their name that says nothing hides them,
 * for the drop-ins of a name win over those of a type and of a prefix.
 */
static int hide_dropins(struct trial *t, struct err *e)
{
	static const char text[] = "[Service]\n"; /* an empty file would be a mask */
	const struct content content = {.data = text, .size = sizeof text - 1};
	const char *path = arena_printf(t->arena, PROBE_UNIT_DIR "/%s", t->name), *dir;
	const struct unit_overlay own = {.path = path, .content = &content};
	struct unit_config config = {0};
	struct unit_index *index;
	int r = unit_index_new(t->host, t->arena, &own, 1, &index, e);

	if (r >= 0)
		r = unit_index_config(index, t->name, &config, e);
	if (r < 0 || !config.n_dropins)
		return r;
	dir = arena_printf(t->arena, "%s.d", path);
	r = make_dir(dir, e);
	for (size_t i = 0; i < config.n_dropins && r >= 0; i++) {
		const char *link =
			arena_printf(t->arena, "%s%s", dir, strrchr(config.dropins[i].path, '/'));

		if (symlink("/dev/null", link) < 0)
			r = err_errno(e, -errno, "cannot make %s", link);
	}
	return r;
}

int trial_make_unit(struct trial *t, struct err *e)
{
	int r = write_unit(t, e);

	return r < 0 ? r : hide_dropins(t, e);
}

static void remove_dropins(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (*entry->d_name != '.' || strlen(entry->d_name) > 2)
			(void)unlinkat(fd, entry->d_name, 0);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

/* Its file last: as long as that is there, the next run finds the rest. */
static void remove_unit(struct host *h, int dir, const char *name)
{
	char dropins[512];
	struct bus *bus;
	const char *result;

	if (host_bus(h, &bus, NULL) >= 0) {
		(void)bus_job(bus, name, UNIT_STOP, STOP_TIMEOUT_MS, NULL, NULL, &result, NULL);
		(void)bus_reset_failed(bus, name, NULL);
	}
	snprintf(dropins, sizeof dropins, "%s.d", name);
	remove_dropins(dir, dropins);
	(void)unlinkat(dir, name, 0);
}

void trial_remove_unit(struct trial *t)
{
	_cleanup_close_ int dir = open(PROBE_UNIT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0 && t->name)
		remove_unit(t->host, dir, t->name);
}

void probe_clean(struct host *h)
{
	struct dirent *entry;
	int fd;

	if (!h->live || access(PROBE_DIR, F_OK) < 0)
		return;
	fd = open(PROBE_UNIT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (entry = readdir(d)))
		if (text_starts(entry->d_name, PROBE_UNIT_PREFIX) &&
			text_ends(entry->d_name, ".service"))
			remove_unit(h, fd, entry->d_name);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	trial_remove_files();
}
