/// How something goes that has to run beside the volumes, by one look; with a complete sentence where it does not.
package enum RequirementState: Hashable, Sendable {
    /// It is active, it answers.
    case met
    /// It is on its way.
    case starting(String)
    /// It is not there, which may be too early to hold against it.
    case absent(String)
    /// It has ended for good, or will not start.
    case dead(String)
    /// It cannot be seen, or there is no such thing: a new instance would not help.
    case unknown(String)
}
