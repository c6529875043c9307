/*
 * The table of address families (families.h).
 * Decides nothing. Called by filters.c.
 */
#include "families.h"

#include <stddef.h>
#include <sys/socket.h>

#define FAMILY(name)                                                                               \
	{                                                                                          \
		name, #name                                                                        \
	}
const struct family_name family_names[] = {
	FAMILY(AF_UNIX),
	FAMILY(AF_INET),
	FAMILY(AF_AX25),
	FAMILY(AF_IPX),
	FAMILY(AF_APPLETALK),
	FAMILY(AF_NETROM),
	FAMILY(AF_BRIDGE),
	FAMILY(AF_ATMPVC),
	FAMILY(AF_X25),
	FAMILY(AF_INET6),
	FAMILY(AF_ROSE),
	FAMILY(AF_DECnet),
	FAMILY(AF_NETBEUI),
	FAMILY(AF_SECURITY),
	FAMILY(AF_KEY),
	FAMILY(AF_NETLINK),
	FAMILY(AF_PACKET),
	FAMILY(AF_ASH),
	FAMILY(AF_ECONET),
	FAMILY(AF_ATMSVC),
	FAMILY(AF_RDS),
	FAMILY(AF_SNA),
	FAMILY(AF_IRDA),
	FAMILY(AF_PPPOX),
	FAMILY(AF_WANPIPE),
	FAMILY(AF_LLC),
	FAMILY(AF_IB),
	FAMILY(AF_MPLS),
	FAMILY(AF_CAN),
	FAMILY(AF_TIPC),
	FAMILY(AF_BLUETOOTH),
	FAMILY(AF_IUCV),
	FAMILY(AF_RXRPC),
	FAMILY(AF_ISDN),
	FAMILY(AF_PHONET),
	FAMILY(AF_IEEE802154),
	FAMILY(AF_CAIF),
	FAMILY(AF_ALG),
	FAMILY(AF_NFC),
	FAMILY(AF_VSOCK),
	FAMILY(AF_KCM),
	FAMILY(AF_QIPCRTR),
	FAMILY(AF_SMC),
	FAMILY(AF_XDP),
	FAMILY(AF_MCTP),
	{0, NULL},
};
