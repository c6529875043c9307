/*
 * Classic BPF as seccomp runs it (seccomp_bpf.h): follows each way through the programs that a call
 * could take, and remembers on the way what it must have been to get there.
 * Executes nothing and knows no call. Called by seccomp.c.
 */
#include "seccomp_bpf.h"

#include <linux/seccomp.h>
#include <string.h>

#define STEPS_MAX 400000 /* a few milliseconds; systemd's filters take some hundreds each */
#define WAYS_MAX 4096    /* that wait to be followed */

enum { KNOWN, MASKED, ANY };

/* A register: a number, bits of a word of the call, or something else. */
struct reg {
	int kind;
	unsigned word;
	uint32_t mask, number;
};

/* Where one way has come to. */
struct way {
	size_t program; /* as many are still to come behind it */
	size_t pc;
	struct reg a, x, memory[BPF_MEMWORDS];
	struct call_data data;
	uint32_t action; /* of the programs that are done */
};

struct ways {
	const struct seccomp_program *const *programs;
	size_t n_programs;
	size_t n, cap;
	struct way *items;
	size_t steps;
	struct outcome *ret;
};

/* What bits and bounds say of each other. false: they contradict. */
static bool word_settle(struct data_word *w)
{
	if (w->min < w->value)
		w->min = w->value;
	if (w->max > (w->value | ~w->mask))
		w->max = w->value | ~w->mask;
	if (w->min > w->max)
		return false;
	if (w->min == w->max) {
		if ((w->min ^ w->value) & w->mask)
			return false;
		w->mask = UINT32_MAX;
		w->value = w->min;
	}
	return true;
}

void word_known(struct data_word *w, uint32_t mask, uint32_t value)
{
	w->mask |= mask;
	w->value = (w->value & ~mask) | (value & mask);
	word_settle(w);
}

bool word_between(struct data_word *w, uint32_t min, uint32_t max)
{
	if (w->min < min)
		w->min = min;
	if (w->max > max)
		w->max = max;
	return w->min <= w->max && word_settle(w);
}

static struct reg number(uint32_t n)
{
	return (struct reg){.kind = KNOWN, .number = n};
}

/* Bits of a word that are all known are a number. */
static struct reg settled(const struct way *w, struct reg r)
{
	const struct data_word *d = &w->data.words[r.word];

	if (r.kind == MASKED && !(r.mask & ~d->mask))
		return number(d->value & r.mask);
	return r;
}

static struct reg anything(void)
{
	return (struct reg){.kind = ANY};
}

/* false: it ends the program with 0, as the kernel has it for a division by 0. */
static bool compute(unsigned operation, uint32_t a, uint32_t b, uint32_t *ret)
{
	switch (operation) {
	case BPF_ADD:
		*ret = a + b;
		break;
	case BPF_SUB:
		*ret = a - b;
		break;
	case BPF_MUL:
		*ret = a * b;
		break;
	case BPF_DIV:
		if (!b)
			return false;
		*ret = a / b;
		break;
	case BPF_AND:
		*ret = a & b;
		break;
	case BPF_OR:
		*ret = a | b;
		break;
	case BPF_XOR:
		*ret = a ^ b;
		break;
	case BPF_LSH:
		*ret = a << (b & 31);
		break;
	case BPF_RSH:
		*ret = a >> (b & 31);
		break;
	default:
		*ret = -a;
	}
	return true;
}

/* A program has come to its end; of equal actions the younger filter's data counts, and they are
 * gone through from the youngest. */
static void add_action(struct way *w, uint32_t action)
{
	int32_t now = (int32_t)(action & SECCOMP_RET_ACTION_FULL),
		before = (int32_t)(w->action & SECCOMP_RET_ACTION_FULL);

	if (now < before)
		w->action = action;
}

static void add_outcome(struct outcome *o, uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		o->unlogged = true;
		/* fallthrough */
	case SECCOMP_RET_LOG:
		o->allowed = true;
		break;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		o->supervised = true;
		break;
	default: /* what the kernel does not know kills */
		o->denied = true;
	}
	o->differs |= o->any && action != o->action;
	if (!o->any || (int32_t)(action & SECCOMP_RET_ACTION_FULL) <
			       (int32_t)(o->action & SECCOMP_RET_ACTION_FULL))
		o->action = action;
	o->any = true;
}

/* The way goes on with the next program. false: that was the last. */
static bool returned(struct ways *s, struct way *w, uint32_t action)
{
	add_action(w, action);
	if (++w->program == s->n_programs) {
		add_outcome(s->ret, w->action);
		return false;
	}
	w->pc = 0;
	w->a = w->x = number(0);
	return true;
}

static void push(struct ways *s, const struct way *w)
{
	if (s->n == WAYS_MAX) {
		s->ret->intricate = true;
		return;
	}
	s->items = grow(s->items, &s->cap, s->n, sizeof *s->items);
	s->items[s->n++] = *w;
}

/* What a word would have to be for a comparison of it with k to be as yes says. false: it cannot.
 */
static bool assume_equal(struct data_word *w, uint32_t mask, uint32_t k, bool yes)
{
	uint32_t unknown = mask & ~w->mask;

	if ((k & ~mask) || ((k ^ w->value) & mask & w->mask))
		return !yes;
	if (yes) {
		if (mask == UINT32_MAX && (k < w->min || k > w->max))
			return false;
		w->mask |= mask;
		w->value = (w->value & ~mask) | k;
		return word_settle(w);
	}
	if (!unknown)
		return false;
	/* One bit that is not so is the other way round. */
	if (!(unknown & (unknown - 1))) {
		w->mask |= unknown;
		w->value = (w->value & ~unknown) | (~k & unknown);
		return word_settle(w);
	}
	if (mask == UINT32_MAX && k == w->min)
		return word_between(w, k + 1, UINT32_MAX);
	if (mask == UINT32_MAX && k == w->max)
		return word_between(w, 0, k - 1);
	return true;
}

static bool assume_at_least(struct data_word *w, uint32_t mask, uint32_t k, bool yes)
{
	uint32_t low = w->value & mask, high = low | (mask & ~w->mask);

	if (!k)
		return yes;
	if (mask != UINT32_MAX)
		return yes ? high >= k : low < k;
	return yes ? word_between(w, k, UINT32_MAX) : word_between(w, 0, k - 1);
}

static bool assume_bits(struct data_word *w, uint32_t mask, uint32_t k, bool yes)
{
	uint32_t bits = mask & k, unknown = bits & ~w->mask;

	if (w->value & w->mask & bits)
		return yes;
	if (!unknown)
		return !yes;
	if (!yes || !(unknown & (unknown - 1))) {
		w->mask |= unknown;
		w->value = (w->value & ~unknown) | (yes ? unknown : 0);
		return word_settle(w);
	}
	return true;
}

static bool assume(struct way *w, unsigned operation, uint32_t k, bool yes)
{
	if (w->a.kind == ANY)
		return true;
	struct data_word *d = &w->data.words[w->a.word];
	switch (operation) {
	case BPF_JEQ:
		return assume_equal(d, w->a.mask, k, yes);
	case BPF_JGT:
		return k == UINT32_MAX ? !yes : assume_at_least(d, w->a.mask, k + 1, yes);
	case BPF_JGE:
		return assume_at_least(d, w->a.mask, k, yes);
	default:
		return assume_bits(d, w->a.mask, k, yes);
	}
}

static bool compare(unsigned operation, uint32_t a, uint32_t k)
{
	switch (operation) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0;
	}
}

/* Takes one branch and leaves the other for later. false: neither can be taken. */
static bool jump(struct ways *s, struct way *w, const struct sock_filter *i)
{
	unsigned operation = BPF_OP(i->code);
	struct reg k = BPF_SRC(i->code) == BPF_X ? settled(w, w->x) : number(i->k);

	w->a = settled(w, w->a);
	if (operation == BPF_JA) {
		w->pc += i->k;
		return true;
	}
	if (w->a.kind == KNOWN && k.kind == KNOWN) {
		w->pc += compare(operation, w->a.number, k.number) ? i->jt : i->jf;
		return true;
	}
	struct way other = *w;
	bool known = k.kind == KNOWN && w->a.kind != KNOWN,
	     yes = !known || assume(w, operation, k.number, true),
	     no = !known || assume(&other, operation, k.number, false);
	other.pc += i->jf;
	w->pc += i->jt;
	if (yes && no)
		push(s, &other);
	else if (no)
		*w = other;
	return yes || no;
}

/* false: a division by 0, by which the program may or must end with 0. */
static bool calculate(struct way *w, const struct sock_filter *i, bool *ret_maybe)
{
	unsigned operation = BPF_OP(i->code);
	struct reg b = BPF_SRC(i->code) == BPF_X ? settled(w, w->x) : number(i->k);
	uint32_t n;

	w->a = settled(w, w->a);
	*ret_maybe = operation == BPF_DIV && b.kind != KNOWN;
	if (operation == BPF_DIV && b.kind == KNOWN && !b.number)
		return false;
	if (w->a.kind == KNOWN && (b.kind == KNOWN || operation == BPF_NEG)) {
		if (compute(operation, w->a.number, b.number, &n))
			w->a = number(n);
	} else if (operation == BPF_AND && w->a.kind == MASKED && b.kind == KNOWN)
		w->a.mask &= b.number;
	else
		w->a = anything();
	return true;
}

static void load(struct way *w, const struct sock_filter *i)
{
	struct reg r;

	switch (BPF_MODE(i->code)) {
	case BPF_ABS:
		r = (struct reg){.kind = MASKED, .word = i->k / 4, .mask = UINT32_MAX};
		break;
	case BPF_IMM:
		r = number(i->k);
		break;
	case BPF_LEN:
		r = number(sizeof(struct seccomp_data));
		break;
	default:
		r = w->memory[i->k];
	}
	*(BPF_CLASS(i->code) == BPF_LD ? &w->a : &w->x) = settled(w, r);
}

/* What a program returns that is not known kills or allows. */
static bool finish(struct ways *s, struct way *w, const struct sock_filter *i)
{
	w->a = settled(w, w->a);
	if (BPF_RVAL(i->code) == BPF_K)
		return returned(s, w, i->k);
	if (w->a.kind == KNOWN)
		return returned(s, w, w->a.number);
	s->ret->intricate = true;
	return false;
}

/* false: this way is at its end. */
static bool step(struct ways *s, struct way *w)
{
	const struct sock_filter *i = &s->programs[w->program]->code[w->pc++];
	bool maybe;

	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
	case BPF_LDX:
		load(w, i);
		return true;
	case BPF_ST:
		w->memory[i->k] = w->a;
		return true;
	case BPF_STX:
		w->memory[i->k] = w->x;
		return true;
	case BPF_ALU:
		if (!calculate(w, i, &maybe))
			return returned(s, w, SECCOMP_RET_KILL_THREAD);
		if (maybe) {
			struct way killed = *w;

			if (returned(s, &killed, SECCOMP_RET_KILL_THREAD))
				push(s, &killed);
		}
		return true;
	case BPF_JMP:
		return jump(s, w, i);
	case BPF_RET:
		return finish(s, w, i);
	default: /* BPF_MISC */
		if (BPF_MISCOP(i->code) == BPF_TAX)
			w->x = w->a;
		else
			w->a = w->x;
		return true;
	}
}

static void follow(struct ways *s, const struct call_data *data, uint32_t action)
{
	struct way first = {.a = number(0), .x = number(0), .data = *data, .action = action};

	push(s, &first);
	while (s->n && !s->ret->intricate) {
		struct way w = s->items[--s->n];

		while (!s->ret->intricate && step(s, &w))
			s->ret->intricate |= ++s->steps > STEPS_MAX;
	}
	s->n = 0;
}

/*
 * Each program by itself first: those that say one thing, whatever the arguments, need not be
 * followed together with the others, of which there are few.
 */
void bpf_evaluate(
	const struct seccomp_filters *f, const struct call_data *data, struct outcome *ret)
{
	_cleanup_free_ const struct seccomp_program **open = NULL;
	size_t n_open = 0, cap = 0;
	struct way all = {.action = SECCOMP_RET_ALLOW};
	struct ways s = {0};

	*ret = (struct outcome){0};
	for (size_t i = f->n; i--;) {
		const struct seccomp_program *program = &f->programs[i];
		struct outcome own = {0};

		s.programs = &program;
		s.n_programs = 1;
		s.ret = &own;
		s.steps = 0;
		follow(&s, data, SECCOMP_RET_ALLOW);
		if (!own.intricate && !own.differs)
			add_action(&all, own.action);
		else {
			open = grow(open, &cap, n_open, sizeof *open);
			open[n_open++] = program;
		}
	}
	s = (struct ways){
		.programs = open, .n_programs = n_open, .items = s.items, .cap = s.cap, .ret = ret};
	if (n_open)
		follow(&s, data, all.action);
	else
		add_outcome(ret, all.action);
	free(s.items);
}
