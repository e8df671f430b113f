/// What others refer to once the stack is there: an output of a template, of a module.
struct StackOutput {
    /// As a template spells it, `GroupName`; a module spells it `group_name`.
    let name: String
    let description: String
    let value: Value

    enum Value {
        case address
        /// Numbered from 1.
        case volumeID(Int)
        case groupName, securityGroupID, functionLogs
        case networkID, subnetID, secondSubnetID
        case targetGroupARN
        case endpointID
        case alarmTopicARN
    }

    init(_ name: String, _ description: String, _ value: Value) {
        self.name = name
        self.description = description
        self.value = value
    }

    var moduleName: String { StackParameter.moduleName(name) }
}

extension StackModel {
    /// In the order in which they are shown.
    var outputs: [StackOutput] {
        var outputs: [StackOutput] = []
        if options.hasOwnAddress {
            outputs.append(StackOutput("ElasticIP", "The address of the instance.", .address))
        }
        outputs += numbers.map {
            StackOutput("DataVolume\(Self.suffix($0))Id", "The data volume.", .volumeID($0))
        }
        outputs += [
            StackOutput("GroupName", "The Auto Scaling group.", .groupName),
            StackOutput("SecurityGroupId", "Of the instance.", .securityGroupID),
            StackOutput("FunctionLogs", "What became of each launch.", .functionLogs),
        ]
        if !options.usesExistingNetwork {
            outputs += [
                StackOutput("VpcId", "The network.", .networkID),
                StackOutput("SubnetId", "Of the instance.", .subnetID),
            ]
        }
        if options.hasSecondSubnet {
            outputs.append(StackOutput("SecondSubnetId", "For a load balancer.", .secondSubnetID))
        }
        if options.hasS3Endpoint {
            outputs.append(StackOutput("S3EndpointId", "For the policy of a bucket.", .endpointID))
        }
        if options.hasTargetGroup {
            outputs.append(StackOutput("TargetGroupArn", "For a load balancer's listener.", .targetGroupARN))
        }
        if hasOwnTopic {
            outputs.append(StackOutput("AlarmTopicArn", "What alarms tell.", .alarmTopicARN))
        }
        return outputs
    }
}
