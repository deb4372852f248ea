// SPDX-License-Identifier: GPL-2.0-only
/*
 * The switch of the sabotages: a file in debugfs that takes a name, and for unit tests,
 * which run at boot, kvm_sabotage=NAME on the kernel's command line
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "sabotage.h"

#define KVM_SABOTAGE_NAME(name)	#name,

static const char * const names[] = { KVM_SABOTAGES(KVM_SABOTAGE_NAME) };

enum kvm_sabotage kvm_sabotage;

static int __init kvm_sabotage_setup(char *name)
{
	int i = match_string(names, KVM_NR_SABOTAGES, name);

	if (i < 0)
		return 0;
	kvm_sabotage = i;
	return 1;
}
__setup("kvm_sabotage=", kvm_sabotage_setup);

/* All names, the one in force in brackets. */
static int kvm_sabotage_show(struct seq_file *file, void *unused)
{
	int i;

	for (i = 0; i < KVM_NR_SABOTAGES; i++)
		seq_printf(file, i == READ_ONCE(kvm_sabotage) ? "[%s]\n" : "%s\n",
			   names[i]);
	return 0;
}

static int kvm_sabotage_open(struct inode *inode, struct file *file)
{
	return single_open(file, kvm_sabotage_show, NULL);
}

static ssize_t kvm_sabotage_write(struct file *file, const char __user *user,
				  size_t count, loff_t *pos)
{
	char name[32] = "";
	int i;

	if (count >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, user, count))
		return -EFAULT;

	i = __sysfs_match_string(names, KVM_NR_SABOTAGES, name);
	if (i < 0)
		return i;

	WRITE_ONCE(kvm_sabotage, i);
	return count;
}

static const struct file_operations kvm_sabotage_fops = {
	.owner		= THIS_MODULE,
	.open		= kvm_sabotage_open,
	.read		= seq_read,
	.write		= kvm_sabotage_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Add the file to the folder of the debug option. */
void kvm_sabotage_init(struct dentry *dir)
{
	debugfs_create_file("sabotage", 0600, dir, NULL, &kvm_sabotage_fops);
}
