import AutohealSpec
import ConfigurationFile

/// What the templates of the module are filled with.
struct TerraformContext {
    let variables: [TerraformVariable]
    let inputs: [Input]
    let required: [String]
    let outputs: [Output]
    let version = agentVersion
    let terraformVersion = ">= 1.5"
    let providerVersion = ">= 5.80, < 7.0"
    let volumes: [Volume]
    let ownVolumes: Bool
    let address: Bool
    let ownAddress: Bool
    let secondSubnet: Bool
    let s3Endpoint: Bool
    let alarms: Bool
    /// How many addresses the stack's own topic tells.
    let alarmSubscriptions: String?
    let existingNetwork: Bool
    let launchConfiguration: Bool
    let runtime = StackConstant.runtime
    let functionMemory = StackConstant.functionMemory
    let networkRange = StackConstant.networkRange
    let secondSubnetRange = StackConstant.secondSubnetRange
    let subnetRange = StackConstant.subnetRange
    let functionTimeout = StackTiming.function
    let heartbeatTimeout = StackTiming.launchHeartbeat
    let eventAge = StackTiming.eventAge
    let deliveryRetries = StackTiming.deliveryRetries
    let invocationRetries = StackTiming.invocationRetries
    let deadLetterRetention = StackTiming.deadLetterRetention
    let noticeDelay = StackTiming.noticeDelay
    let noticeRetention = StackTiming.noticeRetention
    let noticeVisibility = StackTiming.noticeVisibility
    let noticeReceives = StackTiming.noticeReceives
    let invocationAge = StackTiming.invocationAge
    let locals: [String]
    let handOver: Bool
    let handOverSeconds: Int
    let hookEvents: String
    let appliesUpdates: Bool
    let kmsKey: Bool
    let instanceProfile: Bool
    let rolePath: String?
    let permissionsBoundary: Bool
    let dnsRecord: Bool
    let snapshots: Bool
    let snapshotStatements: [Statement]
    let snapshotTag = StackConstant.snapshotTag
    let snapshotDescription = StackConstant.snapshotDescription
    let snapshotTime = StackConstant.snapshotTime
    let targetGroup: Bool
    let targetGroups: String
    let healthPort: Int?
    let ingress: [Ingress]
    let healthTag: String?
    let readyInterval = StackTiming.readyInterval
    let readyTimeout = StackTiming.readyTimeout
    let vpc: String
    let subnet: String
    let zone: String
    let distinct: [Distinct]
    /// Whether the image is named by a public parameter.
    let imageParameter: Bool
    let image: String
    let userDataVariables: [String]
    let environment: [String]
    let groupNeeds: [String]
    let statements: [Statement]
    let logMetrics: [LogMetric]
    let metricAlarms: [Alarm]

    /// A row of a table.
    struct Input {
        let name: String
        let description: String
        let type: String
        let fallback: String?
    }

    struct Output {
        let name: String
        let description: String
        let lines: [String]
    }

    struct Volume {
        let suffix: String
        let first: Bool
        let existing: Bool
        let id: String
        let zone: String
        /// Whether it has a key of the user's own.
        let keyed: Bool
    }

    /// What no two volumes share.
    struct Distinct {
        let what: String
        let list: String
        let count: Int
    }

    struct Ingress {
        let description: String
        let firstPort: Int
        let lastPort: Int
        let networkProtocol: String
        /// The argument that says from where.
        let source: String
    }

    struct Statement {
        let name: String
        let actions: String
        let resources: String
        let condition: String?
    }

    struct LogMetric {
        let resource: String
        let slug: String
        let name: String
        let namespace: String
        let pattern: String
    }

    struct Alarm {
        let resource: String
        let lines: [String]
        /// What is watched, where it is no metric.
        let query: Query?

        struct Query { let lines: [String] }
    }
}
