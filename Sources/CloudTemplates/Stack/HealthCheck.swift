/// Who asks the instance itself how it is, at the port of the agent's watcher.
package enum HealthCheck: String, CaseIterable, Sendable {
    /// A target group asks `/ready`: an instance that is not ready gets no traffic, and is not replaced for it.
    case targetGroup = "target-group"
    /// EC2's application status check asks `/health`, and the group replaces an instance that fails it.
    case applicationStatus = "application-status"
    /// The same by a check that stacks share, of which an account has 50: the instance has the tag that it looks for.
    case applicationStatusTag = "application-status-tag"
}
