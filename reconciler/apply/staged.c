/*
 * The host as it will be, seen by one child only (staged.h): overlays in a mount namespace of its
 * own, with what the steps put and remove written through them into memory.
 * Must not write where no overlay is. Called by validate.c, in the child.
 */
#include "staged.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "l4sync/program.h"
#include "l4sync/text.h"

#define MEMORY_DIR "/run/l4sync"
#define DIRS_MAX 64

/* One directory of the host with an overlay on it. */
struct covered {
	const char *path;
	int fd; /* of the overlay */
};

struct staging {
	struct txn *txn;
	size_t n;
	struct covered dirs[DIRS_MAX];
};

static int failed(const char *what, const char *path)
{
	int r = -errno;

	dprintf(2, "%s %s: %s\n", what, path, strerror(errno));
	return r < 0 ? r : -EIO;
}

/* /etc whole, and of the others what is below: a log in /var that a validator opens is not to be
 * copied into memory because a file is shipped to /var/lib. NULL: there is no such directory. */
static const char *dir_to_cover(struct arena *a, const char *path)
{
	const char *slash = strchr(path + 1, '/');
	struct stat st;

	if (!slash)
		return NULL;
	if (!text_starts(path, "/etc/") && strchr(slash + 1, '/')) {
		const char *two = arena_strndup(a, path, (size_t)(strchr(slash + 1, '/') - path));

		if (!lstat(two, &st) && S_ISDIR(st.st_mode))
			return two;
	}
	const char *one = arena_strndup(a, path, (size_t)(slash - path));
	return !lstat(one, &st) && S_ISDIR(st.st_mode) ? one : NULL;
}

static struct covered *find_covered(struct staging *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->dirs[i].path, path))
			return &s->dirs[i];
	return NULL;
}

/* What is written is in memory only if this is an overlay: looked at, for else it would be the
 * host. */
static int open_overlay(struct covered *c)
{
	struct statfs fs;

	c->fd = open(c->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->fd < 0 || fstatfs(c->fd, &fs) < 0)
		return failed("cannot open the overlay on", c->path);
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC) {
		dprintf(2, "%s: there is no overlay on it\n", c->path);
		return -EXDEV;
	}
	return 0;
}

static int cover(struct staging *s, const char *path)
{
	struct arena *a = s->txn->arena;
	const char *upper = arena_printf(a, MEMORY_DIR "/%zu.upper", s->n);
	const char *work = arena_printf(a, MEMORY_DIR "/%zu.work", s->n);
	struct stat st;

	if (s->n == DIRS_MAX) {
		errno = E2BIG;
		return failed("cannot stage what goes to", path);
	}
	if (stat(path, &st) < 0 || mkdir(upper, 0700) < 0 || mkdir(work, 0700) < 0 ||
		chown(upper, st.st_uid, st.st_gid) < 0 || chmod(upper, st.st_mode & 07777) < 0 ||
		mount("overlay", path, "overlay", 0,
			arena_printf(a, "lowerdir=%s,upperdir=%s,workdir=%s", path, upper, work)) <
			0)
		return failed("cannot make an overlay on", path);
	s->dirs[s->n] = (struct covered){path, -1};
	return open_overlay(&s->dirs[s->n++]);
}

/* The directory that a path below an overlay stands in, made if it is not there. */
static int open_parent(const struct covered *c, struct arena *a, const char *path)
{
	const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	const char *rel = path + strlen(c->path) + 1, *slash = rel;
	int fd = openat(c->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (; fd >= 0 && (slash = strchr(rel, '/')); rel = slash + 1) {
		const char *name = arena_strndup(a, rel, (size_t)(slash - rel));
		int parent = fd;

		if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
			fd = -1;
		else
			fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof how);
		close(parent);
	}
	return fd;
}

static unsigned number(const struct step *s, const char *key, int base)
{
	const char *text = step_get(s, key);

	return text ? (unsigned)strtoul(text, NULL, base) : 0;
}

static int put_file(const struct step *s, int dir, const char *name)
{
	_cleanup_close_ int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || fchown(fd, number(s, "uid", 10), number(s, "gid", 10)) < 0 ||
		fchmod(fd, number(s, "mode", 8)) < 0)
		return -1;
	int r = s->content ? fd_write_all(fd, s->content->data, s->content->size) : 0;
	errno = -r;
	return r;
}

static int put_dir(const struct step *s, int dir, const char *name)
{
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -1;
	return fchownat(dir, name, number(s, "uid", 10), number(s, "gid", 10),
		       AT_SYMLINK_NOFOLLOW) < 0
		       ? -1
		       : fchmodat(dir, name, number(s, "mode", 8), 0);
}

static int put(struct staging *s, const struct step *x)
{
	const char *path = step_get(x, "path"), *name = strrchr(path, '/') + 1;
	const char *below = dir_to_cover(s->txn->arena, path);
	const struct covered *c = below ? find_covered(s, below) : NULL;
	bool is_dir = x->ops == &step_mkdir || x->ops == &step_dir_attributes;

	if (!c)
		return 0;
	_cleanup_close_ int dir = open_parent(c, s->txn->arena, path);
	if (dir < 0)
		return failed("cannot stage", path);
	if (!is_dir && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return failed("cannot stage", path);
	int r = is_dir                     ? put_dir(x, dir, name)
		: x->ops == &step_put_file ? put_file(x, dir, name)
		: x->ops == &step_put_link ? symlinkat(step_get(x, "target"), dir, name)
					   : 0;
	return r < 0 ? failed("cannot stage", path) : 0;
}

static bool is_staged(const struct step *x)
{
	return x->ops == &step_put_file || x->ops == &step_put_link || x->ops == &step_remove ||
	       x->ops == &step_mkdir || x->ops == &step_dir_attributes;
}

/* Addresses that only the host has may be bound in a network of one's own, too. What of it is not
 * allowed the validator will say, if it needs it. */
static void make_network(void)
{
	static const char *const allow[] = {
		"/proc/sys/net/ipv4/ip_nonlocal_bind", "/proc/sys/net/ipv6/ip_nonlocal_bind"};
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		ioctl(fd, SIOCSIFFLAGS, &lo);
	for (size_t i = 0; i < ELEMENTS(allow); i++) {
		_cleanup_close_ int file = open(allow[i], O_WRONLY | O_CLOEXEC);

		if (file >= 0)
			(void)!write(file, "1", 1);
	}
}

#define SYSUSERS "/sysusers.d/"
#define USERS_TIMEOUT_S 20

/* Users that are made by the same run, so that who is asked knows them. What is wrong with their
 * files their own validator says. */
static void make_users(struct staging *s)
{
	struct txn *t = s->txn;
	const char **argv = arena_array(t->arena, const char *, t->n + 2);
	struct program_end end;
	size_t n = 0;

	argv[n++] = "systemd-sysusers";
	for (size_t i = 0; i < t->n; i++)
		if (t->steps[i].ops == &step_put_file &&
			strstr(step_get(&t->steps[i], "path"), SYSUSERS))
			argv[n++] = step_get(&t->steps[i], "path");
	argv[n] = NULL;
	if (n > 1 && find_covered(s, "/etc"))
		program_run(&(struct program){.argv = argv, .timeout_s = USERS_TIMEOUT_S}, NULL,
			&end, NULL);
}

int staged_enter(struct txn *t)
{
	struct staging s = {.txn = t};
	int r = 0;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
		mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed("cannot make a namespace with mounts of its own below", "/");
	if (mount("tmpfs", MEMORY_DIR, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
		return failed("cannot mount a tmpfs on", MEMORY_DIR);
	for (size_t i = 0; i < t->n && r >= 0; i++) {
		const char *path = is_staged(&t->steps[i]) ? step_get(&t->steps[i], "path") : NULL;
		const char *dir = path ? dir_to_cover(t->arena, path) : NULL;

		if (dir && !find_covered(&s, dir))
			r = cover(&s, dir);
	}
	for (size_t i = 0; i < t->n && r >= 0; i++)
		if (is_staged(&t->steps[i]))
			r = put(&s, &t->steps[i]);
	if (r >= 0)
		make_users(&s);
	make_network();
	return r;
}
