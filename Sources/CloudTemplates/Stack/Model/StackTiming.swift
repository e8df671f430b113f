/// Seconds, but where a name says otherwise.
enum StackTiming {
    /// The most that Lambda allows.
    static let function = 900
    /// A launching hook outlives one run of the function, which restarts its clock.
    static let launchHeartbeat = 1200
    /// An event that is older finds a hook that has run out.
    static let eventAge = launchHeartbeat
    /// A launch whose event was lost is served that late; one that was served is over by then.
    static let noticeDelay = 300
    static let noticeRetention = eventAge + noticeDelay
    static let invocationRetries = 2
    static let deliveryRetries = 185
    /// Two weeks.
    static let deadLetterRetention = 1_209_600
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
    static let logRetentionDays = [1, 7, 14, 30, 90, 180, 365]
}
