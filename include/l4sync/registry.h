/*
 * The modules by name, for the registry's list (modules/registry.c) and nobody else: everything
 * else goes through modules[] (module.h).
 */
#ifndef L4SYNC_REGISTRY_H
#define L4SYNC_REGISTRY_H

#include "l4sync/module.h"

extern const struct module module_file, module_link, module_dir, module_unit, module_dropin,
	module_service, module_sysctl, module_verify, module_secret, module_package,
	module_architecture, module_user, module_group, module_checkout, module_action;

#endif
