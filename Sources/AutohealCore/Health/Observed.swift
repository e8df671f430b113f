/// What a look saw, or why it could not see it: what is unknown counts neither as good nor as bad.
package enum Observed<Value: Hashable & Sendable>: Hashable, Sendable {
    case known(Value)
    /// The cause, in words.
    case unknown(String)

    package var value: Value? { if case .known(let value) = self { value } else { nil } }

    fileprivate var cause: String? { if case .unknown(let cause) = self { cause } else { nil } }
}

extension Observed {
    /// A line for people, if it is unknown.
    func unknown(_ subject: String) -> [String] { cause.map { ["\(subject): \($0)"] } ?? [] }
}
