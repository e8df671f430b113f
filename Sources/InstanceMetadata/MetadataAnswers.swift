/// The answers to the requests that one token was good for.
struct MetadataAnswers: Sendable {
    var document: MetadataExchange.Answer
    var tags: [(tag: InstanceTag, answer: MetadataExchange.Answer)]

    /// True when a fresh token is worth a second round.
    var refuseToken: Bool {
        ([document] + tags.map { $0.answer }).contains {
            if case .failure(let error) = $0 { error.cause == .status(401) } else { false }
        }
    }

    /// What the answers say; throws if the identity document is missing or says nothing believable.
    func reading(from endpoint: MetadataEndpoint) throws(MetadataError) -> MetadataReading {
        let json = try document.get()
        guard let document = try? IdentityDocument(json: json), document.identity != InstanceIdentity() else {
            throw MetadataError(resource: .identityDocument, endpoint: endpoint, cause: .unusable)
        }
        var reading = MetadataReading(identity: document.identity, unsettledTags: [])
        for (tag, answer) in tags {
            switch answer {
            case .success(let bytes):
                reading.identity[keyPath: tag.property] = String(validating: bytes, as: UTF8.self)?.matching(.tagValue)
            case .failure(let error) where error.cause == .status(404) || error.isFinal:
                // No such tag, or tags are not allowed in the metadata: normal, and it stays so.
                break
            case .failure(let error):
                reading.unsettledTags.append(error)
            }
        }
        return reading
    }
}

/// What one attempt brought.
struct MetadataReading: Sendable {
    var identity: InstanceIdentity
    /// Why tags are missing that may be there; empty once each is known to exist or not.
    var unsettledTags: [MetadataError]
}
