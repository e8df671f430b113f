import AutohealSpec

/// How far something is.
package enum ProgressAmount: Hashable, Sendable {
    /// Nothing tells.
    case unknown
    /// 0 to 1.
    case share(Double)
    /// Of so many bytes.
    case bytes(UInt64, of: UInt64)
    /// In words.
    case text(String)

    /// `12 %`, rounded down: nothing is complete before it is; nil if nothing tells.
    package var percent: String? {
        switch self {
        case .unknown, .text: nil
        case .share(let share): "\(Int(min(max(share, 0), 1) * 100)) %"
        case .bytes(let done, let total): "\(total == 0 ? 100 : Int(Double(min(done, total)) / Double(total) * 100)) %"
        }
    }

    /// For a person who looks at it: `12 %, 17.4 MiB of 145.0 MiB, 3 s`.
    package func description(after elapsed: Duration) -> String {
        let amount: String? =
            switch self {
            case .bytes(let done, let total): "\(describe(bytes: done)) of \(describe(bytes: total))"
            case .text(let text): text
            case .unknown, .share: nil
            }
        return [percent, amount, "\(elapsed.components.seconds) s"].compactMap { $0 }.joined(separator: ", ")
    }
}
