extension CloudFormationStack {
    var storage: [Resource] {
        guard !options.usesExistingVolumes else { return [] }
        return volumes + (options.hasSnapshots ? snapshots : [])
    }

    private var volumes: [Resource] {
        let tags = options.hasSnapshots ? self.tags + [(StackConstant.snapshotTag, .ref("AWS::StackName"))] : self.tags
        return numbers.map { number in
            let name = { (name: String) in volumeParameter(number, name) }
            return Resource(
                volumeReference(number),
                "AWS::EC2::Volume",
                comment: number == 1
                    ? "Deleted only after a snapshot was taken, and kept when an update makes another one, since the snapshot may\n"
                        + "be older than the last write. Attached later, so it is never deleted with an instance."
                    : nil,
                retention: "Snapshot",
                replacement: "Retain",
                [
                    "AvailabilityZone": zone, "Size": .ref(name("Size")), "VolumeType": .ref(name("Type")),
                    "Iops": .when(name("HasIops"), .ref(name("Iops"))),
                    "Throughput": .when(name("HasThroughput"), .ref(name("Throughput"))), "Encrypted": true,
                    "KmsKeyId": options.usesKMSKey ? spelled(StackText(.keyARN)) : nil,
                    "SnapshotId": .when(name("HasSnapshot"), .ref(name("SnapshotId"))),
                    "VolumeInitializationRate": .when(name("HasInitializationRate"), .ref(name("InitializationRate"))),
                    "Tags": Self.tagList(tags),
                ]
            )
        }
    }

    /// They outlive the stack.
    private var snapshots: [Resource] {
        [
            Resource(
                "DailySnapshots",
                "AWS::DLM::LifecyclePolicy",
                comment: "Finds the volumes by their tag. Snapshots stay when the stack is deleted.",
                [
                    "Description": .string(StackConstant.snapshotDescription), "State": "ENABLED",
                    "ExecutionRoleArn": .attribute("DailySnapshotsRole", "Arn"),
                    "PolicyDetails": [
                        "ResourceTypes": ["VOLUME"],
                        "TargetTags": [["Key": .string(StackConstant.snapshotTag), "Value": .ref("AWS::StackName")]],
                        "Schedules": [
                            [
                                "Name": "daily", "CopyTags": true,
                                "CreateRule": [
                                    "Interval": 24, "IntervalUnit": "HOURS",
                                    "Times": [.string(StackConstant.snapshotTime)],
                                ],
                                "RetainRule": ["Count": .ref("SnapshotsKept")],
                            ]
                        ],
                    ],
                    "Tags": ownTagList,
                ]
            ),
            role(
                "DailySnapshotsRole",
                of: "dlm.amazonaws.com",
                policy: "DailySnapshots",
                model.snapshotGrants.map(statement)
            ),
        ]
    }
}
