extension VolumeSpec {
    /// Why nothing may be formatted, whatever is on the device; nil if formatting depends on that.
    ///
    /// - Parameter volumeID: of the device that was found, for the advice.
    package func formatProhibition(of volumeID: VolumeID?) -> Refusal? {
        if formatPolicy == .never { return .formattingForbidden }
        if options.isReadOnly { return .nothingToMountReadOnly }
        if isKernelNameAlone { return .kernelNameAlone(name: device, found: volumeID) }
        return nil
    }

    /// Whether a device on which libblkid finds nothing has to be read: only a proof of blankness needs it.
    package var needsProof: Bool { formatPolicy == .ifBlank && formatProhibition(of: nil) == nil }

    /// Whether the device is named only as the kernel counts NVMe disks (`/dev/nvme1n1`, `/dev/nvme1n1p1`), which changes
    /// from boot to boot.
    package var isKernelNameAlone: Bool {
        let prefix = "/dev/nvme"
        guard volumeID == nil, device.hasPrefix(prefix) else { return false }
        // Controller, namespace, and the partition if there is one. A regular expression costs a millisecond at the start.
        let numbers = device.dropFirst(prefix.count).split(omittingEmptySubsequences: false) { $0 == "n" || $0 == "p" }
        return (2...3).contains(numbers.count)
            && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }
}
