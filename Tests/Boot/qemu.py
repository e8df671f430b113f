"""QEMU's command line for a machine like one of EC2."""

import secrets

import image as images
import network

MEMORY = 1 << 30


def command(guest, overlay, root_volume):
    """It does not run before it is told so; its root file system is in the overlay."""
    # The serial number and the UUID of an instance begin with ec2: that is what cloud-init looks at.
    uuid = "ec2" + secrets.token_hex(16)[3:]
    uuid = "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]))
    return [
        "qemu-system-x86_64",
        "-name",
        guest.instance_id,
        "-S",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-machine",
        "pc",
        # One thread for all processors. With one for each, a kernel that patches itself may die of a stale breakpoint
        # ("Oops: int3", seen once in some hundred boots); and two guests side by side have no processors to spare.
        "-accel",
        "tcg,thread=single" if guest.accelerator == "tcg" else guest.accelerator,
        "-cpu",
        "host" if guest.accelerator == "kvm" else "Nehalem",
        "-smp",
        str(guest.cpus),
        "-m",
        str(MEMORY >> 20),
        *guest.count,
        "-smbios",
        "type=0,vendor=Amazon EC2,version=1.0",
        "-smbios",
        f"type=1,manufacturer=Amazon EC2,product=t3.micro,uuid={uuid},serial={uuid}",
        *guest.board,
        "-smbios",
        "type=3,manufacturer=Amazon EC2,asset=Amazon EC2",
        "-kernel",
        guest.image.kernel,
        "-initrd",
        guest.image.initrd,
        "-append",
        (
            f"root=UUID={images.ROOT_UUID} ro console=tty0 console=ttyS0,115200n8 mitigations=off no_timer_check"
            f" {guest.parameters}"
        ),
        "-qmp",
        f"unix:{guest.path('qmp')},server=on,wait=off",
        "-chardev",
        f"socket,id=console,path={guest.path('console')},server=on,wait=off,logfile={guest.console_log}",
        "-serial",
        "chardev:console",
        "-device",
        "virtio-serial-pci",
        "-chardev",
        f"socket,id=agent,path={guest.path('agent')},server=on,wait=off",
        "-device",
        "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        "-device",
        "virtio-rng-pci",
        "-netdev",
        f"tap,id=net,ifname={network.TAP},script=no,downscript=no",
        "-device",
        f"virtio-net-pci,netdev=net,mac={network.MAC}",
        "-blockdev",
        f"qcow2,node-name=root,file.driver=file,file.filename={overlay},discard=unmap,cache.no-flush=on",
        "-device",
        f"nvme,drive=root,serial={root_volume.replace('-', '')}",
    ]
