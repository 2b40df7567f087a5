/// A noun whose records have times by the server's clock. Stored ones move when that is set.
package protocol TimedRecord: FleetRecord {
    /// The record after the clock was set: it may be as before.
    ///
    /// - Parameter usedAt: when it was last used, by the clock before; nil: never.
    func moved(with jump: ClockJump, usedAt: Int?) -> Self

    /// When the clock wrote it, in seconds since 1970; nil: it does not tell.
    var writtenAt: Int? { get }
}

extension FleetRecords {
    /// The nouns whose records have times.
    package static let timed: [any TimedRecord.Type] = all.compactMap { $0 as? any TimedRecord.Type }
}

/// A noun whose records can be used for some time: a token, a link.
package protocol LentRecord: TimedRecord, UsedRecord {
    /// Seconds since 1970.
    var createdAt: Int { get set }
    /// Nil: never.
    var expiresAt: Int? { get set }
}

extension LentRecord {
    package var writtenAt: Int? { createdAt }

    /// Both times move where the clock before made or last used it: it can be used as long as before.
    package func moved(with jump: ClockJump, usedAt: Int?) -> Self {
        let shift = jump.shift(of: max(createdAt, usedAt ?? 0))
        var record = self
        (record.createdAt, record.expiresAt) = (createdAt + shift, expiresAt.map { $0 + shift })
        return record
    }

    package func restored(over present: Self?) -> Self {
        var record = self
        if let present { (record.createdAt, record.expiresAt) = (present.createdAt, present.expiresAt) }
        return record
    }
}
