import Logging

/// A metadata value as it is written.
enum LogValue: Hashable, Sendable {
    case text(String)
    /// A number or a truth value, spelled the same in text and in JSON.
    case literal(String)
    case list([String])

    init(_ value: any CustomStringConvertible & Sendable) {
        switch value {
        case let flag as Bool: self = .literal(flag ? "true" : "false")
        case let number as any BinaryInteger: self = .literal("\(number)")
        // JSON has no infinity and no NaN.
        case let number as Double where number.isFinite: self = .literal("\(number)")
        default: self = .text(value.description)
        }
    }

    /// The value in one piece, neither quoted nor escaped.
    var text: String {
        switch self {
        case .text(let text), .literal(let text): text
        case .list(let items): "[" + items.joined(separator: ", ") + "]"
        }
    }
}
