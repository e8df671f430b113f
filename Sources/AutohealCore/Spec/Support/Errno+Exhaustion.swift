package import SystemPackage

extension Errno {
    /// No descriptors, memory, processes or threads are left; says nothing of the device.
    package var isExhaustion: Bool {
        [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .resourceTemporarilyUnavailable].contains(self)
    }
}
