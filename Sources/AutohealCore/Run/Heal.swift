package import AutohealPlan

/// What a run did to a volume, and how long each part of it took.
package struct Heal: Hashable, Sendable {
    /// Until the device was there.
    package var waited: Duration = .zero
    /// What was carried out, in order; a step that could be done without and failed is not among them.
    package var steps: [Part] = []

    package init() {}

    package struct Part: Hashable, Sendable {
        package let step: Step
        package let duration: Duration
    }

    /// What a report keeps of it: seconds.
    package struct Record: Hashable, Sendable, Codable {
        /// Of the whole run.
        package let duration: Double
        /// By the names of the steps, and `wait`; what is left is looking at the device and its content.
        package let parts: [String: Double]

        package init(_ heal: Heal, duration: Double) {
            self.duration = duration
            parts = heal.steps.reduce(into: ["wait": heal.waited / .seconds(1)]) { parts, part in
                parts[part.step.name, default: 0] += part.duration / .seconds(1)
            }
        }
    }
}
