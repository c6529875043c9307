/*
 * Settings that systemd enforces by BPF programs on the unit's cgroup (rows.h): attached or not.
 * What is in their maps is not compared. Called by truth.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "bpf.h"

/* Programs are told apart by systemd's names for them. */
static void check_attached(struct look *l, const char *declared, const char *name,
	enum bpf_attach_type one, enum bpf_attach_type other, struct truth *t)
{
	const struct attached *a = attached_to(l);

	if (a->error)
		verdict_unknown(t, declared,
			arena_printf(l->arena,
				"the kernel does not tell which BPF programs are "
				"attached: %s",
				strerror(-a->error)));
	else if (attached_find(a, one, name) && attached_find(a, other, name))
		verdict(t, TRUTH_HOLDS, declared, declared);
	else if (!a->n && !attached_anywhere(l))
		verdict_unknown(t, declared,
			"systemd attaches no BPF programs on this host (in a container it cannot)");
	else
		verdict(t, TRUTH_LACKS, declared, "off (no BPF program is attached)");
}

/* a(iiqq): family, protocol, number of ports (0: all), the first of them. */
static const char *port_words(struct arena *a, const struct property *p)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i + 3 < p->n; i += 4) {
		uint64_t family = p->items[i].number, protocol = p->items[i + 1].number,
			 n = p->items[i + 2].number, first = p->items[i + 3].number;

		buf_adds(&b, b.size ? " " : "");
		buf_adds(&b, family == AF_INET ? "ipv4:" : family == AF_INET6 ? "ipv6:" : "");
		buf_adds(&b, protocol == IPPROTO_TCP   ? "tcp:"
			     : protocol == IPPROTO_UDP ? "udp:"
						       : "");
		if (!n)
			buf_adds(&b, "any");
		else
			buf_addf(&b, n > 1 ? "%llu-%llu" : "%llu", (unsigned long long)first,
				(unsigned long long)(first + n - 1));
	}
	return arena_strndup(a, b.data, b.size);
}

/* a(iayu): family, address, length of the prefix. */
static const char *address_words(struct arena *a, const struct property *p)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i + 2 < p->n; i += 3) {
		char text[INET6_ADDRSTRLEN];
		int family = (int)p->items[i].number;
		size_t size = family == AF_INET ? 4 : 16;

		if (p->items[i + 1].number == size &&
			inet_ntop(family, p->items[i + 1].text, text, sizeof text))
			buf_addf(&b, "%s%s/%llu", b.size ? " " : "", text,
				(unsigned long long)p->items[i + 2].number);
	}
	return arena_strndup(a, b.data ? b.data : "", b.size);
}

/* Allowing some has an effect only where others are denied; then one program serves both. */
static void bind_(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row)),
			      *deny = property_find(l->p, "SocketBindDeny");

	(void)p;
	if (!declared || !declared->n)
		return;
	const char *words = port_words(l->arena, declared);
	if (!deny || !deny->n)
		verdict_unknown(t, words, "it has no effect without SocketBindDeny=");
	else
		check_attached(
			l, words, "sd_bind", BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND, t);
}

/* The program is there for IPAccounting= alone, too. Addresses are in a map; "any" is not. */
static void address(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	bool any = true;

	(void)p;
	if (!declared || !declared->n)
		return;
	const char *words = address_words(l->arena, declared);
	check_attached(l, words, "sd_fw", BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS, t);
	if (t->verdict != TRUTH_HOLDS)
		return;
	for (size_t i = 2; i < declared->n; i += 3)
		any &= !declared->items[i].number;
	const struct attached_program *program =
		attached_find(attached_to(l), BPF_CGROUP_INET_INGRESS, "sd_fw");
	if (program->has_prefixes || (any && !program->has_counters))
		return;
	if (any)
		verdict_unknown(t, words,
			"its BPF program counts packets; whether it denies any is not told");
	else
		verdict(t, TRUTH_LACKS, words, "off (its BPF program only counts packets)");
}

static void devices(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const char *policy = property_text(l->p, "DevicePolicy");
	const struct property *allow = property_find(l->p, "DeviceAllow");
	bool closed = *policy && strcmp(policy, "auto") != 0;

	(void)p;
	if (row->argument ? allow && allow->n : closed)
		check_attached(l, row->argument ? words_of(l->arena, allow) : policy, "sd_devices",
			BPF_CGROUP_DEVICE, BPF_CGROUP_DEVICE, t);
}

static void interfaces(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));

	(void)p;
	if (declared && declared->n > 2)
		check_attached(l, declared->items[2].text, "sd_restrictif", BPF_CGROUP_INET_INGRESS,
			BPF_CGROUP_INET_EGRESS, t);
}

/* As systemd names them in BPFProgram=. */
static const struct {
	const char *name;
	enum bpf_attach_type type;
} attach_types[] = {
	{"ingress", BPF_CGROUP_INET_INGRESS},
	{"egress", BPF_CGROUP_INET_EGRESS},
	{"sock_create", BPF_CGROUP_INET_SOCK_CREATE},
	{"sock_ops", BPF_CGROUP_SOCK_OPS},
	{"device", BPF_CGROUP_DEVICE},
	{"bind4", BPF_CGROUP_INET4_BIND},
	{"bind6", BPF_CGROUP_INET6_BIND},
	{"connect4", BPF_CGROUP_INET4_CONNECT},
	{"connect6", BPF_CGROUP_INET6_CONNECT},
	{"post_bind4", BPF_CGROUP_INET4_POST_BIND},
	{"post_bind6", BPF_CGROUP_INET6_POST_BIND},
	{"sendmsg4", BPF_CGROUP_UDP4_SENDMSG},
	{"sendmsg6", BPF_CGROUP_UDP6_SENDMSG},
	{"sysctl", BPF_CGROUP_SYSCTL},
	{"recvmsg4", BPF_CGROUP_UDP4_RECVMSG},
	{"recvmsg6", BPF_CGROUP_UDP6_RECVMSG},
	{"getsockopt", BPF_CGROUP_GETSOCKOPT},
	{"setsockopt", BPF_CGROUP_SETSOCKOPT},
};

static int attach_type(const char *name, enum bpf_attach_type *ret)
{
	for (size_t i = 0; i < ELEMENTS(attach_types); i++)
		if (!strcmp(attach_types[i].name, name)) {
			*ret = attach_types[i].type;
			return 0;
		}
	return -EOPNOTSUPP;
}

/* as: paths, of one type (argument); a(ss): a type and a path each. The worst counts. */
static void pinned(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));
	bool typed = row->argument < 0;

	(void)p;
	if (!declared || !declared->n)
		return;
	const char *words = words_of(l->arena, declared);
	verdict(t, TRUTH_HOLDS, words, words);
	for (size_t i = 0; i + typed < declared->n; i += 1 + typed) {
		const char *path = declared->items[i + typed].text;
		enum bpf_attach_type type = (enum bpf_attach_type)row->argument;
		int r = typed ? attach_type(declared->items[i].text, &type) : 0;

		if (r >= 0)
			r = attached_pinned(l, type, path);
		if (!r) {
			verdict(t, TRUTH_LACKS, words,
				arena_printf(
					l->arena, "off (the program of %s is not attached)", path));
			return;
		}
		if (r < 0)
			verdict_unknown(
				t, words, arena_printf(l->arena, "%s: %s", path, strerror(-r)));
	}
}

static void untold(struct look *l, const struct row *row, struct process *p, struct truth *t)
{
	const struct property *declared = property_find(l->p, row_property(row));

	(void)p;
	if (declared && declared->n > (size_t)row->argument)
		verdict_unknown(t, words_of(l->arena, declared), row->text);
}

const struct row rows_bpf[] = {
	{"SocketBindDeny", NULL, OF_CGROUP, bind_, 0, NULL},
	{"SocketBindAllow", NULL, OF_CGROUP, bind_, 0, NULL},
	{"IPAddressDeny", NULL, OF_CGROUP, address, 0, NULL},
	{"IPAddressAllow", NULL, OF_CGROUP, address, 0, NULL},
	{"DevicePolicy", NULL, OF_CGROUP, devices, false, NULL},
	{"DeviceAllow", NULL, OF_CGROUP, devices, true, NULL},
	{"RestrictNetworkInterfaces", NULL, OF_CGROUP, interfaces, 0, NULL},
	{"RestrictFileSystems", NULL, OF_CGROUP, untold, 2,
		"it is in a map of a program that serves all units"},
	{"IPIngressFilterPath", NULL, OF_CGROUP, pinned, BPF_CGROUP_INET_INGRESS, NULL},
	{"IPEgressFilterPath", NULL, OF_CGROUP, pinned, BPF_CGROUP_INET_EGRESS, NULL},
	{"BPFProgram", NULL, OF_CGROUP, pinned, -1, NULL},
	{0},
};
