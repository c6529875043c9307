/*
 * Whether bytes are a filter program that the kernel would take (seccomp.h): seccomp_check_filter()
 * and bpf_check_classic() of the kernel.
 * Evaluates nothing. Called by seccomp_read.c.
 */
#include <linux/seccomp.h>
#include <string.h>

#include "seccomp.h"

static bool valid_jump(const struct sock_filter *code, size_t n, size_t at)
{
	const struct sock_filter *i = &code[at];
	size_t left = n - at - 1;

	if (i->code == (BPF_JMP | BPF_JA))
		return i->k < left;
	return i->jt < left && i->jf < left;
}

static bool valid_instruction(const struct sock_filter *code, size_t n, size_t at)
{
	const struct sock_filter *i = &code[at];

	switch (i->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return i->k < sizeof(struct seccomp_data) && !(i->k & 3);
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_NEG:
		return true;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return i->k < BPF_MEMWORDS;
	case BPF_ALU | BPF_DIV | BPF_K:
		return i->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return i->k < 32;
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
		return valid_jump(code, n, at);
	default:
		break;
	}
	if (BPF_CLASS(i->code) != BPF_ALU || i->code > UINT8_MAX)
		return false;
	switch (BPF_OP(i->code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_DIV:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
	case BPF_LSH:
	case BPF_RSH:
		return true;
	default:
		return false;
	}
}

/* No cell of memory is read that some way has not written; as the kernel, forwards once. */
static bool valid_memory(const struct sock_filter *code, size_t n)
{
	uint16_t written[BPF_MAXINSNS], all = 0;

	memset(written, 0xff, sizeof written);
	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *i = &code[at];

		all &= written[at];
		if (i->code == BPF_ST || i->code == BPF_STX)
			all |= (uint16_t)(1u << i->k);
		else if (i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM)) {
			if (!(all >> i->k & 1))
				return false;
		} else if (i->code == (BPF_JMP | BPF_JA)) {
			written[at + 1 + i->k] &= all;
			all = 0xffff;
		} else if (BPF_CLASS(i->code) == BPF_JMP) {
			written[at + 1 + i->jt] &= all;
			written[at + 1 + i->jf] &= all;
			all = 0xffff;
		}
	}
	return true;
}

bool seccomp_valid(const struct sock_filter *code, size_t n)
{
	if (!n || n > BPF_MAXINSNS || BPF_CLASS(code[n - 1].code) != BPF_RET)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!valid_instruction(code, n, i))
			return false;
	return valid_memory(code, n);
}
