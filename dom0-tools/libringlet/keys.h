/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys of xl.cfg(5) (Xen 4.17) that Ringlet does not have. In a file they cause
 * a warning; what is in no list is an error.
 */
#ifndef RL_KEYS_H
#define RL_KEYS_H

static const char *const rl_keys_of_xl[] = {
	"acpi", "acpi_firmware", "acpi_laptop_slate", "acpi_s3", "acpi_s4",
	"altp2m", "altp2mhvm", "apic", "bios", "bios_path_override", "blkdev_start",
	"boot", "bootloader_args", "builder", "channel",
	"claim_mode", "console_autoconnect", "cpuid",
	"device_model_args", "device_model_args_hvm",
	"device_model_args_pv", "device_model_override",
	"device_model_stubdomain_override", "device_model_stubdomain_seclabel",
	"device_model_user", "device_model_version", "device_tree",
	"dm_restrict", "driver_domain", "dtdev", "e820_host", "event_actions",
	"firmware", "firmware_override", "gfx_passthru", "gic_version", "hap",
	"hdtype", "hpet", "init_seclabel", "iomem", "ioports", "irqs", "keymap",
	"localtime", "max_event_channels", "max_grant_frames",
	"max_grant_version", "max_maptrack_frames",
	"mca_caps", "mmio_hole", "ms_vm_genid", "msr_relaxed", "nestedhvm",
	"nographic", "nomigrate", "nx", "on_soft_reset", "on_watchdog", "oos",
	"opengl", "pae", "passthrough", "pci", "pci_msitranslate",
	"pci_permissive", "pci_power_mgmt", "pci_seize", "pool", "pvcalls",
	"pvh", "pvshim", "pvshim_cmdline", "pvshim_extra", "pvshim_path", "rdm",
	"rdm_mem_boundary", "rtc_timeoffset", "sched", "sdl", "seclabel",
	"serial", "shadow_memory", "smbios_firmware", "soundhw", "spice",
	"spice_clipboard_sharing", "spice_image_compression",
	"spice_streaming_video", "spiceagent_mouse",
	"spicedisable_ticketing", "spicehost", "spicepasswd", "spiceport",
	"spicetls_port", "spiceusbredirection", "spicevdagent", "stdvga",
	"stubdomain_cmdline", "stubdomain_kernel", "stubdomain_memory",
	"stubdomain_ramdisk", "suppress_spurious_page_faults", "tee",
	"timer_mode", "tsc_mode", "type", "usb", "usbctrl", "usbdev",
	"usbdevice", "usbversion", "vdispl", "vendor_device", "vfb", "vga",
	"videoram", "viommu", "viridian", "vkb", "vkb_device",
	"vmtrace_buf_kb", "vnc", "vncdisplay", "vnclisten", "vncpasswd",
	"vncunused", "vnuma", "vpmu", "vpt_align", "vscsi", "vsnd", "vtpm",
	"vuart", "xen_platform_pci", "xend_suspend_evtchn_compat",
};

#endif /* RL_KEYS_H */
