/// What the stack is, before a language spells it: what both languages say comes from here.
struct StackModel {
    let options: StackOptions

    init(_ options: StackOptions) { self.options = options }

    /// What the device function is told.
    var deviceEnvironment: [(name: String, value: StackText)] {
        var environment: [(name: String, value: StackText)] = [
            ("GROUP_NAME", StackText(.groupName)), ("HOOK_NAME", StackText(.launchHook)), ("VOLUMES", volumeList),
        ]
        if options.hasAddress { environment.append(("ALLOCATION_ID", StackText(.allocationID))) }
        environment.append(("LAUNCH_UNTIL", "\(options.launchUntil.rawValue)"))
        if options.launchUntil == .data { environment.append(("ON_REFUSAL", "\(options.onRefusal.rawValue)")) }
        if hasHandOver {
            environment.append(("RELEASE_HOOK_NAME", StackText(.releaseHook)))
            environment.append(("HAND_OVER", "\("\(options.handOver)")"))
        }
        return environment
    }

    /// What the scale-up function is told.
    var scaleUpEnvironment: [(name: String, value: StackText)] {
        [("VOLUMES", volumeList), ("LAUNCH_UNTIL", "\(options.launchUntil.rawValue)")]
    }

    /// Whether an ending instance is given time to release its volumes.
    var hasHandOver: Bool { options.handOver > 0 }

    /// What the lifecycle hooks of the group raise.
    var hookEvents: [String] {
        ["EC2 Instance-launch Lifecycle Action"] + (hasHandOver ? ["EC2 Instance-terminate Lifecycle Action"] : [])
    }

    /// `/dev/sdf=vol-1,/dev/sdg=vol-2`.
    private var volumeList: StackText {
        numbers.reduce("") { list, number in
            let device = StackReference.parameter(Self.volumeParameter(number, "Device"))
            return list.joined("\(device)=\(.volumeID(number))", separator: ",")
        }
    }
}

extension StackOptions {
    /// One that is made and deleted with the stack.
    var hasOwnAddress: Bool { hasAddress && !usesExistingAddress }

    /// The letter of the zone is asked for where the subnet or a volume is made.
    var needsZone: Bool { !usesExistingNetwork || !usesExistingVolumes }
}
