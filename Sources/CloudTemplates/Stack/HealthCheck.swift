/// Who asks the instance itself how it is, at the port of the agent's watcher.
package enum HealthCheck: String, CaseIterable, Sendable {
    /// A target group asks `/ready`: an instance that is not ready gets no traffic, and is not replaced for it.
    case targetGroup = "target-group"
    /// EC2's application status check asks `/health`, and the group replaces an instance that fails it. One check serves
    /// every instance with its tag, so the stack has the tag only.
    case applicationStatus = "application-status"
}

/// From where the watcher may be asked.
package enum HealthSource: Hashable, Sendable {
    /// An IPv4 range.
    case range(String)
    /// The id of a security group.
    case group(String)

    package init(_ text: String) throws(GenerationError) {
        if text.hasPrefix("sg-") {
            guard text.wholeMatch(of: /sg-[0-9a-f]+/) != nil else {
                throw GenerationError("'\(text)' is no security group such as sg-0123456789abcdef0.")
            }
            self = .group(text)
        } else {
            try StackOptions.checkCIDR(text)
            self = .range(text)
        }
    }
}
