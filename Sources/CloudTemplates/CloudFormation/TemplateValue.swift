import Foundation
import Yams

/// A value of a template; objects keep the order they were written in.
indirect enum TemplateValue: Sendable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case list([TemplateValue])
    case object([(key: String, value: TemplateValue)])
    /// Written on one line, whatever it is.
    case line(TemplateValue)

    static func ref(_ name: String) -> Self { ["Ref": .string(name)] }
    static func sub(_ text: String) -> Self { ["Fn::Sub": .string(text)] }
    static func attribute(_ resource: String, _ name: String) -> Self {
        ["Fn::GetAtt": [.string(resource), .string(name)]]
    }
    static func when(_ condition: String, _ value: TemplateValue, else other: TemplateValue = .noValue) -> Self {
        ["Fn::If": [.string(condition), value, other]]
    }
    static let noValue = ref("AWS::NoValue")

    /// Lists of short scalars and calls with one scalar argument stand on one line.
    private var isShort: Bool {
        switch self {
        case .string(let text): !text.contains("\n") && text.count < 70
        case .integer, .boolean: true
        case .list(let values): values.count < 4 && values.allSatisfy(\.isShortScalarOrCall)
        case .object(let pairs): pairs.count == 1 && (pairs.first.map(Self.isCall) ?? false)
        case .line: true
        }
    }

    private var isShortScalarOrCall: Bool {
        if case .list = self { false } else { isShort }
    }

    private static func isCall(_ pair: (key: String, value: TemplateValue)) -> Bool {
        (pair.key == "Ref" || pair.key.hasPrefix("Fn::")) && pair.value.isShort
    }

    var node: Node {
        switch self {
        case .line(.object(let pairs)): Node(pairs.map { (Node($0.key), $0.value.node) }, .implicit, .flow)
        case .line(.list(let values)): Node(values.map(\.node), .implicit, .flow)
        case .line(let value): value.node
        case .string(let text): Node(text, .implicit, Self.style(text))
        case .integer(let value): Node("\(value)")
        case .boolean(let value): Node("\(value)")
        case .list(let values): Node(values.map(\.node), .implicit, isShort ? .flow : .block)
        case .object(let pairs):
            Node(pairs.map { (Node($0.key), $0.value.node) }, .implicit, isShort ? .flow : .block)
        }
    }

    /// Quoted where YAML would take the text for something else than a string.
    private static func style(_ text: String) -> Node.Scalar.Style {
        if text.contains("\n") { return .literal }
        let words = ["", "true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"]
        let first = text.utf8.first ?? 0
        let looksLikeNumber = (48...57).contains(first) || "+-.".utf8.contains(first)
        return looksLikeNumber || words.contains(text.lowercased()) ? .singleQuoted : .any
    }

    /// As `JSONSerialization` takes it.
    var json: Any {
        switch self {
        case .line(let value): value.json
        case .string(let text): text
        case .integer(let value): value
        case .boolean(let value): value
        case .list(let values): values.map(\.json)
        case .object(let pairs): Dictionary(pairs.map { ($0.key, $0.value.json) }) { first, _ in first }
        }
    }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension TemplateValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    init(arrayLiteral elements: TemplateValue...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, TemplateValue)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
}
