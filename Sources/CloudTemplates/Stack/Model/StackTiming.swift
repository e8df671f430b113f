/// Seconds, but where a name says otherwise.
enum StackTiming {
    /// The most that Lambda allows.
    static let function = 900
    /// A launching hook outlives one run of the function, which restarts its clock.
    static let launchHeartbeat = 1200
    /// EventBridge: an event that is older finds a hook that has run out.
    static let eventAge = launchHeartbeat
    /// Lambda: a launch that takes longer than one run goes on in the next, up to three in all.
    static let invocationAge = 3600
    /// A launch whose event was lost is served that late; one that was served costs three requests then.
    static let noticeDelay = 300
    /// Lambda asks for no less than the function's own.
    static let noticeVisibility = function + 60
    static let noticeRetention = invocationAge + noticeDelay
    static let noticeReceives = 3
    static let invocationRetries = 2
    static let deliveryRetries = 185
    /// Two weeks.
    static let deadLetterRetention = 1_209_600
    /// A target group's, from answer to answer.
    static let readyInterval = 10
    static let readyTimeout = 6
    /// An application status check's, from the launch on: the most that EC2 allows.
    static let healthGrace = 600
    /// The answer takes a moment.
    static let customResource = function + 60
}

/// What both languages say of the functions and the network.
enum StackConstant {
    /// Supported until 2029 (AWS: "Lambda runtimes").
    static let runtime = "python3.13"
    /// MiB.
    static let functionMemory = 256
    static let networkRange = "10.0.0.0/16"
    static let subnetRange = "10.0.0.0/24"
    static let secondSubnetRange = "10.0.1.0/24"
    /// The watcher's, where its configuration names none.
    static let healthPort = 9465
    /// Of instances that a check asks which stacks share; its value is the port.
    static let healthPortTag = "autoheal-health-port"
    /// Of instances that the stack's own check asks; its value is the stack's name.
    static let healthCheckTag = "autoheal-health-check"
    static let snapshotTag = "autoheal-snapshots"
    static let snapshotDescription = "Daily snapshots of a data volume"
    /// UTC.
    static let snapshotTime = "03:00"
    static let logRetentionDays = [1, 7, 14, 30, 90, 180, 365]
}
