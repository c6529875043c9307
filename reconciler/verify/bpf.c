/*
 * Asks the kernel which BPF programs are attached to a cgroup (bpf.h).
 * Loads and attaches none. Called by rows_bpf.c.
 */
#include "bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAPS_MAX 16

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof *attr);

	return r < 0 ? -errno : (int)r;
}

static int get_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uint64_t)(uintptr_t)info;
	attr.info.info_len = size;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static int describe_object(enum bpf_cmd open, uint32_t id, void *info, uint32_t size)
{
	union bpf_attr attr = {0};

	attr.prog_id = id; /* of a map it is in the same place */
	_cleanup_close_ int fd = bpf(open, &attr);
	return fd < 0 ? fd : get_info(fd, info, size);
}

/* A program that is gone by now has no name. */
static void describe(uint32_t id, struct attached_program *ret)
{
	uint32_t maps[MAPS_MAX];
	struct bpf_prog_info info = {.map_ids = (uint64_t)(uintptr_t)maps, .nr_map_ids = MAPS_MAX};

	if (describe_object(BPF_PROG_GET_FD_BY_ID, id, &info, sizeof info) < 0)
		return;
	memcpy(ret->name, info.name, sizeof ret->name);
	ret->name[sizeof ret->name - 1] = '\0';
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		struct bpf_map_info map = {0};

		if (describe_object(BPF_MAP_GET_FD_BY_ID, maps[i], &map, sizeof map) < 0)
			continue;
		ret->has_prefixes |= map.type == BPF_MAP_TYPE_LPM_TRIE;
		ret->has_counters |= map.type == BPF_MAP_TYPE_ARRAY;
	}
}

/* Their number, or -errno. */
static int query_ids(int cgroup_fd, enum bpf_attach_type type, uint32_t ids[ATTACHED_MAX])
{
	union bpf_attr attr = {0};

	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = type;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ATTACHED_MAX;
	int r = bpf(BPF_PROG_QUERY, &attr);
	if (r < 0)
		return r;
	return attr.query.prog_cnt < ATTACHED_MAX ? (int)attr.query.prog_cnt : ATTACHED_MAX;
}

static int query(int cgroup_fd, enum bpf_attach_type type, struct attached *a)
{
	uint32_t ids[ATTACHED_MAX];
	int n = query_ids(cgroup_fd, type, ids);

	if (n < 0)
		return n;
	for (int i = 0; i < n && a->n < ATTACHED_MAX; i++) {
		struct attached_program *x = &a->programs[a->n++];

		*x = (struct attached_program){.type = type};
		describe(ids[i], x);
	}
	return 0;
}

static void query_all(struct arena *a, const char *cgroup, struct attached *ret)
{
	static const enum bpf_attach_type types[] = {BPF_CGROUP_INET_INGRESS,
		BPF_CGROUP_INET_EGRESS, BPF_CGROUP_DEVICE, BPF_CGROUP_INET4_BIND,
		BPF_CGROUP_INET6_BIND};
	const char *path = arena_printf(a, "/sys/fs/cgroup%s", cgroup);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ret->error = fd < 0 ? -errno : 0;
	for (size_t i = 0; i < ELEMENTS(types) && !ret->error; i++)
		ret->error = query(fd, types[i], ret);
}

const struct attached_program *attached_find(
	const struct attached *a, enum bpf_attach_type type, const char *name)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->programs[i].type == type &&
			!strncmp(a->programs[i].name, name, strlen(name)))
			return &a->programs[i];
	return NULL;
}

const struct attached *attached_to(struct look *l)
{
	if (!l->attached) {
		l->attached = arena_new_of(l->arena, struct attached);
		query_all(l->arena, l->cgroup, l->attached);
	}
	return l->attached;
}

int attached_pinned(struct look *l, enum bpf_attach_type type, const char *path)
{
	const char *cgroup = arena_printf(l->arena, "/sys/fs/cgroup%s", l->cgroup);
	_cleanup_close_ int dir = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t ids[ATTACHED_MAX];
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {0};

	attr.pathname = (uint64_t)(uintptr_t)path;
	attr.file_flags = BPF_F_RDONLY;
	_cleanup_close_ int pinned = bpf(BPF_OBJ_GET, &attr);
	if (pinned < 0 || dir < 0)
		return pinned < 0 ? pinned : -ESTALE;
	int r = get_info(pinned, &info, sizeof info);
	if (r < 0)
		return r;
	int n = query_ids(dir, type, ids);
	for (int i = 0; i < n; i++)
		if (ids[i] == info.id)
			return 1;
	return n < 0 ? n : 0;
}

bool attached_anywhere(struct look *l)
{
	static const char *const services[] = {
		"systemd-journald", "systemd-logind", "systemd-udevd"};

	for (size_t i = 0; i < ELEMENTS(services); i++) {
		struct attached a = {0};

		query_all(l->arena, arena_printf(l->arena, "/system.slice/%s.service", services[i]),
			&a);
		if (a.n)
			return true;
	}
	return false;
}
