/// A wish that cannot be generated: what is wrong, why, and what to do.
package struct GenerationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
