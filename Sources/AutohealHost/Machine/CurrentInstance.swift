/// Which instance this is, as far as the machine itself can tell without asking anybody.
package struct CurrentInstance: Hashable, Sendable {
    /// Nil if nothing says so: on no cloud, or on Xen before cloud-init's local stage.
    package let id: String?

    package init(on roots: MachineRoots = MachineRoots()) {
        // Nitro has it in its firmware's tables, from the first moment on.
        if let tag = attribute("\(roots.sys)/class/dmi/id/board_asset_tag"), Self.isEC2(tag) {
            id = tag
        } else {
            // Of this boot. The one below /var/lib/cloud is, at this moment, that of the instance before.
            id = attribute("\(roots.run)/cloud-init/.instance-id").flatMap {
                $0.isEmpty || $0 == Self.noInstance ? nil : $0
            }
        }
    }

    /// What cloud-init writes there when it has found no metadata, although there may be some.
    private static let noInstance = "iid-datasource-none"

    /// `i-` and 8 or 17 hexadecimal digits (AWS: EC2 resource ids); other makers write other things there.
    private static func isEC2(_ text: String) -> Bool {
        let digits = text.dropFirst(2)
        return text.hasPrefix("i-") && [8, 17].contains(digits.utf8.count)
            && digits.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
