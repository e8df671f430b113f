/// What the stack knows only when it is there, or when it is deployed.
enum StackReference: Hashable {
    case partition, region, stackName
    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT`.
    case arn(service: String)
    case parameter(String)
    /// Of a volume, numbered from 1.
    case volumeID(Int)
    case groupName, launchHook, releaseHook
    case allocationID
    case subnetID
    case deadLetters(QueueAttribute)
    /// Of launches, the second way beside the event.
    case launchNotices(QueueAttribute)
    case keyARN

    enum QueueAttribute { case arn, name }
}

/// A text of the stack: what is known now, and references to what is not.
struct StackText: ExpressibleByStringInterpolation, Hashable {
    enum Piece: Hashable {
        case text(String)
        case reference(StackReference)
    }

    var pieces: [Piece]

    init(_ pieces: [Piece]) { self.pieces = pieces }
    init(_ reference: StackReference) { pieces = [.reference(reference)] }
    init(stringLiteral value: String) { pieces = value.isEmpty ? [] : [.text(value)] }
    init(stringInterpolation: Interpolation) { pieces = stringInterpolation.pieces }

    struct Interpolation: StringInterpolationProtocol {
        var pieces: [Piece] = []

        init(literalCapacity: Int, interpolationCount: Int) {}
        mutating func appendLiteral(_ literal: String) { if !literal.isEmpty { pieces.append(.text(literal)) } }
        mutating func appendInterpolation(_ text: String) { appendLiteral(text) }
        mutating func appendInterpolation(_ reference: StackReference) { pieces.append(.reference(reference)) }
    }

    func joined(_ other: StackText, separator: String) -> StackText {
        StackText(pieces + (pieces.isEmpty ? [] : [.text(separator)]) + other.pieces)
    }
}
