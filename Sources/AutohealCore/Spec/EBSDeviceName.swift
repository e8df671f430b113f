/// A device name of an EBS attachment, compared by slot: `sdb`, `xvdb`, `/dev/sdb` and `/dev/xvdb` are one
/// (AWS: "Device names for volumes on EC2 instances").
package struct EBSDeviceName: Hashable, Sendable {
    /// The letters and digits after `sd` or `xvd`.
    package let slot: String
    /// The number at the end of it: an old attachment may be called `sdf1`, or partition 1 of `sdf` is meant.
    package let number: Int?
    /// The letters alone, as the name of a disk.
    package var disk: EBSDeviceName { EBSDeviceName(slot: String(slot.prefix { !$0.isNumber }), number: nil) }

    private init(slot: String, number: Int?) {
        self.slot = slot
        self.number = number
    }

    package init?(_ name: String) {
        let base = name.hasPrefix("/dev/") ? name.dropFirst(5) : name[...]
        let slot: Substring
        if base.hasPrefix("xvd") {
            slot = base.dropFirst(3)
        } else if base.hasPrefix("sd") {
            slot = base.dropFirst(2)
        } else {
            return nil
        }
        let isLetters = slot.prefix { ("a"..."z").contains($0) }
        let digits = slot.dropFirst(isLetters.count)
        guard (1...2).contains(isLetters.count), digits.count <= 2, digits.allSatisfy({ ("0"..."9").contains($0) })
        else { return nil }
        self.init(slot: String(slot), number: digits.isEmpty ? nil : Int(digits))
    }
}
