package import AutohealSpec

/// What one look saw of the volumes and of the unit that mounts them. Pure.
package struct OutcomeEvidence: Hashable, Sendable {
    /// The agent's unit; nil where no service manager tells of one.
    package var unit: Unit?
    /// Those that are configured.
    package var volumes: [Volume]
    /// Whether the configuration is this instance's, and can be read, all of it.
    package var isConfigurationRight: Bool
    /// Whether a volume is still mounted that is configured no more.
    package var isAnotherMounted: Bool
    package var handOver: HandOver?

    package init(
        unit: Unit? = nil,
        volumes: [Volume],
        isConfigurationRight: Bool = true,
        isAnotherMounted: Bool = false,
        handOver: HandOver? = nil
    ) {
        self.unit = unit
        self.volumes = volumes
        self.isConfigurationRight = isConfigurationRight
        self.isAnotherMounted = isAnotherMounted
        self.handOver = handOver
    }

    package struct Unit: Hashable, Sendable {
        package enum State: Hashable, Sendable {
            case inactive
            /// It works, or waits for its next try.
            case atWork
            case active
            /// There will be no other try.
            case failed
        }

        package var state: State
        /// How its last run ended: its exit status, and 128 and the number of a signal that ended it.
        package var exit: Int32
        /// Whether that was because somebody had asked it to end.
        package var wasAskedToEnd: Bool

        package init(_ state: State, exit: Int32 = 0, wasAskedToEnd: Bool = false) {
            self.state = state
            self.exit = exit
            self.wasAskedToEnd = wasAskedToEnd
        }
    }

    package struct Volume: Hashable, Sendable {
        package var id: VolumeID?
        /// Whether it is mounted now as the configuration says, by a run of this boot, and can be used.
        package var isMounted: Bool
        /// Whether nothing at all is mounted at its mount point.
        package var isUnmounted: Bool
        /// Whether the last writes did not reach it.
        package var hasLostWrites: Bool
        /// Whether a run or a mount(8) is at work with it.
        package var isBeingMounted: Bool
        /// Whether its mount of fstab(5) was tried, and failed.
        package var hasFailedMount: Bool
        /// What the last run of this boot left, if it failed.
        package var failure: Failure?

        package init(
            id: VolumeID? = nil,
            isMounted: Bool = false,
            isUnmounted: Bool = false,
            hasLostWrites: Bool = false,
            isBeingMounted: Bool = false,
            hasFailedMount: Bool = false,
            failure: Failure? = nil
        ) {
            self.id = id
            self.isMounted = isMounted
            self.isUnmounted = isUnmounted
            self.hasLostWrites = hasLostWrites
            self.isBeingMounted = isBeingMounted
            self.hasFailedMount = hasFailedMount
            self.failure = failure
        }
    }

    package struct Failure: Hashable, Sendable {
        package var exit: Int32
        package var cause: String?

        package init(exit: Int32, cause: String?) {
            self.exit = exit
            self.cause = cause
        }
    }
}
