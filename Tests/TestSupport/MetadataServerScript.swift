/// What a metadata server answers: for each path its answers in turn, of which the last one repeats.
package struct MetadataServerScript: Sendable {
    private var answers: [String: [MetadataServerAnswer]]
    /// For every path that has no answers.
    package var otherwise: MetadataServerAnswer

    package init(
        _ answers: [String: [MetadataServerAnswer]] = [:],
        otherwise: MetadataServerAnswer = .response(status: 404)
    ) {
        self.answers = answers
        self.otherwise = otherwise
    }

    package static let tokenPath = "/latest/api/token"
    package static let documentPath = "/latest/dynamic/instance-identity/document"
    package static let groupPath = "/latest/meta-data/tags/instance/aws:autoscaling:groupName"
    package static let namePath = "/latest/meta-data/tags/instance/Name"
    package static let token = "dG9rZW4tb2YtYS10ZXN0LXNlcnZlcg=="

    /// The identity document of the healthy server.
    package static let document = """
        {
          "accountId" : "123456789012",
          "architecture" : "x86_64",
          "availabilityZone" : "eu-west-1a",
          "billingProducts" : null,
          "devpayProductCodes" : null,
          "imageId" : "ami-0fedcba9876543210",
          "instanceId" : "i-0123456789abcdef0",
          "instanceType" : "m5.large",
          "kernelId" : null,
          "pendingTime" : "2026-01-02T03:04:05Z",
          "privateIp" : "10.0.0.1",
          "ramdiskId" : null,
          "region" : "eu-west-1",
          "version" : "2017-09-30"
        }
        """

    /// An instance of an Auto Scaling group that allows tags in its metadata.
    package static let healthy = MetadataServerScript([
        tokenPath: [.response(headers: [("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")], body: token)],
        documentPath: [.response(headers: [("Content-Type", "text/plain")], body: document)],
        groupPath: [.response(body: "stateful-eu-west-1a")],
        namePath: [.response(body: "database")],
    ])

    /// The same script, but with other answers for one path.
    package func answering(_ path: String, _ answers: MetadataServerAnswer...) -> MetadataServerScript {
        var script = self
        script.answers[path] = answers
        return script
    }

    /// The same answer for whatever is asked.
    package static func always(_ answer: MetadataServerAnswer) -> MetadataServerScript {
        MetadataServerScript(otherwise: answer)
    }

    mutating func next(for path: String) -> MetadataServerAnswer {
        guard let queue = answers[path], let first = queue.first else { return otherwise }
        if queue.count > 1 { answers[path]?.removeFirst() }
        return first
    }
}
