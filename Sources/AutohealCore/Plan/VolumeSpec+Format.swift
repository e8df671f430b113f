package import AutohealSpec

extension VolumeSpec {
    /// Why nothing may be formatted, whatever is on the device; nil if formatting depends on that.
    ///
    /// - Parameters:
    ///   - volumeID: of the device that was found, for the advice.
    ///   - node: of the device that was found, symbolic links followed; nil if none was looked for.
    package func formatProhibition(of volumeID: VolumeID?, node: String? = nil) -> Refusal? {
        if formatPolicy == .never { return .formattingForbidden }
        if options.isReadOnly { return .nothingToMountReadOnly }
        if isKernelNameAlone || node.map(leadsToKernelName) == true {
            return .kernelNameAlone(name: device, found: volumeID)
        }
        return nil
    }

    /// Whether a device on which libblkid finds nothing has to be read: only a proof of blankness needs it.
    package var needsProof: Bool { formatPolicy == .ifBlank && formatProhibition(of: nil) == nil }

    /// Whether the device is named only as the kernel counts NVMe disks (`/dev/nvme1n1`, `/dev/nvme1n1p1`), or by the
    /// number of some device (`/dev/block/259:1`), both of which change from boot to boot.
    package var isKernelNameAlone: Bool {
        volumeID == nil && (Self.isKernelName(device) || device.hasPrefix("/dev/block/"))
    }

    /// Whether a link that nobody keeps up to date leads to an NVMe disk: udev makes its own below /dev, anew at each boot,
    /// and those by path are no better than the kernel's count.
    private func leadsToKernelName(_ node: String) -> Bool {
        volumeID == nil && Self.isKernelName(node)
            && (!device.hasPrefix("/dev/")
                || ["by-path/", "by-diskseq/"].contains { device.hasPrefix("/dev/disk/\($0)") })
    }

    private static func isKernelName(_ path: String) -> Bool {
        let prefix = "/dev/nvme"
        guard path.hasPrefix(prefix) else { return false }
        // Controller, namespace, and the partition if there is one. A regular expression costs a millisecond at the start.
        let numbers = path.dropFirst(prefix.count).split(omittingEmptySubsequences: false) { $0 == "n" || $0 == "p" }
        return (2...3).contains(numbers.count)
            && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }
}
