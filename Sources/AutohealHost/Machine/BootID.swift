/// Which boot of the machine this is: the kernel's boot_id (random(4)).
package enum BootID {
    /// Nil if the kernel does not tell.
    package static func current(on roots: MachineRoots = MachineRoots()) -> String? {
        attribute("\(roots.proc)/sys/kernel/random/boot_id").flatMap { $0.isEmpty ? nil : $0 }
    }
}
