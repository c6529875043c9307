/*
 * Any bytes as a filter program, and as the call that it is asked about: what is accepted is
 * evaluated to an end, and says of a call whose arguments are all known what a plain interpreter
 * says, and of one whose are not, nothing that this contradicts.
 */
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../reconciler/verify/seccomp_bpf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t value_of(const struct sock_filter *i, uint32_t a, uint32_t x, bool *ret_killed)
{
	uint32_t b = BPF_SRC(i->code) == BPF_X ? x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		*ret_killed = !b;
		return b ? a / b : 0;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	default:
		return 0 - a;
	}
}

static bool is_true(const struct sock_filter *i, uint32_t a, uint32_t x)
{
	uint32_t b = BPF_SRC(i->code) == BPF_X ? x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		return a & b;
	}
}

/* One way, with nothing unknown. */
static uint32_t interpret(const struct sock_filter *code, const struct seccomp_data *call)
{
	uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {0};

	for (const struct sock_filter *i = code;; i++) {
		uint32_t *to = BPF_CLASS(i->code) == BPF_LD ? &a : &x;
		bool killed = false;

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
		case BPF_LDX:
			if (BPF_MODE(i->code) == BPF_ABS)
				memcpy(to, (const char *)call + i->k, sizeof *to);
			else
				*to = BPF_MODE(i->code) == BPF_IMM   ? i->k
				      : BPF_MODE(i->code) == BPF_LEN ? (uint32_t)sizeof *call
								     : memory[i->k];
			break;
		case BPF_ST:
			memory[i->k] = a;
			break;
		case BPF_STX:
			memory[i->k] = x;
			break;
		case BPF_ALU:
			a = value_of(i, a, x, &killed);
			if (killed)
				return SECCOMP_RET_KILL_THREAD;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				i += i->k;
			else
				i += is_true(i, a, x) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(i->code) == BPF_K ? i->k : a;
		default:
			if (BPF_MISCOP(i->code) == BPF_TAX)
				x = a;
			else
				a = x;
		}
	}
}

static bool denies(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG &&
	       action != SECCOMP_RET_TRACE && action != SECCOMP_RET_USER_NOTIF;
}

/* The first bytes say which words of the call are known, the next are the call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_data call;
	uint16_t known;
	uint32_t words[DATA_WORDS];

	if (size < sizeof known + sizeof call + sizeof(struct sock_filter))
		return 0;
	memcpy(&known, data, sizeof known);
	memcpy(&call, data + sizeof known, sizeof call);
	memcpy(words, &call, sizeof call);
	data += sizeof known + sizeof call;
	size_t n = (size - sizeof known - sizeof call) / sizeof(struct sock_filter);
	struct sock_filter *code = malloc(n * sizeof *code);
	if (!code)
		abort();
	memcpy(code, data, n * sizeof *code);
	if (seccomp_valid(code, n)) {
		struct seccomp_program program = {n, code};
		struct seccomp_filters f = {.n = 1, .programs = &program};
		struct call_data all, some;
		struct outcome of_all, of_some;
		uint32_t action = interpret(code, &call);

		for (size_t i = 0; i < DATA_WORDS; i++) {
			all.words[i] = some.words[i] = (struct data_word){.max = UINT32_MAX};
			word_known(&all.words[i], UINT32_MAX, words[i]);
			if (known >> i & 1)
				some.words[i] = all.words[i];
		}
		bpf_evaluate(&f, &all, &of_all);
		bpf_evaluate(&f, &some, &of_some);
		/* A loop there is none, so one way takes few steps. */
		if (of_all.intricate || of_all.denied + of_all.allowed + of_all.supervised != 1)
			abort();
		if (of_all.denied != denies(action))
			abort();
		/* What is possible for what is known in part has what is so in it. */
		if (!of_some.intricate && ((of_all.denied && !of_some.denied) ||
						  (of_all.allowed && !of_some.allowed) ||
						  (of_all.supervised && !of_some.supervised)))
			abort();
	}
	free(code);
	return 0;
}
