/// A small file, replaced as a whole: written beside the old one, synchronised, and renamed over it.
package enum Replacement: String, DurableOperation {
    case leasesCompact = "leases.compact"
    case deliveries = "deliveries.make"
    case centerAuthorityKey = "center.authority-key"
    case centerAuthority = "center.authority"
    case centerKey = "center.key"
    case centerCertificate = "center.certificate"
    case centerNames = "center.names"
    case agentAuthority = "center.agents"
    case serverKey = "keys.server"
    case nodeSecrets = "keys.nodes"
    case volumeKey = "volume.key"
    case nfsExports = "nfs.exports"
    case restoreMark = "restore.mark"
    case agentIdentity = "agent.identity"
    case agentEventsKept = "agent.events"
    /// For the machine's own programs, by the set-up of a terminal server.
    case agentSetup = "agent.setup"
    case agentAccounts = "agent.accounts"

    package enum Step: String, CaseIterable { case write, sync, rename, directory }
}

/// Something large, prepared beside its place, synchronised, and renamed into place.
package enum Publication: String, DurableOperation {
    case image = "image.publish"
    case imageCopy = "image.adopt"
    case moduleArchive = "modules.keep"
    case nodeArchive = "node-archive.publish"
    case volume = "volume.make"
    case volumeCopy = "volume.snapshot"
    case volumeFromCopy = "volume.restore"
    case tree = "tree.make"
    case backup = "backup.publish"
    case agentHome = "agent.home"

    package enum Step: String, CaseIterable { case sync, rename, directory }
}

/// Something durable that gets another name.
package enum Move: String, DurableOperation {
    case imageTrash = "image.remove"
    case restoreKeep = "restore.keep"
    case restorePlace = "restore.place"
    /// Left by an earlier layout, or a directory that root does not own.
    case stateEntry = "state.entry"

    package enum Step: String, CaseIterable { case rename, directory }
}

/// Appended bytes, acknowledged once they are on the disk.
package enum Append: String, DurableOperation {
    case leases = "leases.append"
    /// The zeros that are then overwritten with leases.
    case leasesRoom = "leases.room"
    /// Which keys configurations go to, before they go out.
    case deliveries = "deliveries.append"
    case agentEvents = "agent.events-append"

    package enum Step: String, CaseIterable { case write, sync, done }
}

/// Bytes that replace others; a ``Flush`` makes them durable.
package enum Overwriting: String, DurableOperation {
    case volume = "volume.data"
    case volumeHole = "volume.hole"
    case imageManifest = "image.manifest"

    package enum Step: String, CaseIterable { case write }
}

/// Everything written before goes to the disk.
package enum Flush: String, DurableOperation {
    case volume = "volume.flush"
    case volumeGrowth = "volume.grow"
    case volumeKeyErasure = "volume.key-erase"
    case imageFile = "image.file"
    case restoreContent = "restore.content"

    package enum Step: String, CaseIterable { case sync, done }
}

/// A transaction of the database.
package enum Commit: String, DurableOperation {
    case session = "store.session"
    case sessionUse = "store.session-use"
    case sessionEnd = "store.session-end"
    case sessionsEnd = "store.sessions-end"
    case tokenUse = "store.token-use"
    case boardLinkUse = "store.board-link-use"
    case bootTest = "store.boot-test"
    case machineRemoval = "store.machine-removal"
    case bootEvents = "store.boot-events"
    case clockJump = "store.clock-jump"
    case cards = "store.cards"
    case hardware = "store.hardware"
    case steps = "store.steps"
    case secretReceipts = "store.secret-receipts"
    case tpms = "store.tpms"
    case refusedTPMs = "store.refused-tpms"
    case secretMints = "store.secret-mints"
    case secretsSent = "store.secrets-sent"
    case revision = "store.revision"
    case version = "store.version"
    case versionRemoval = "store.version-removal"
    case rollouts = "store.rollouts"
    case volume = "store.volume"
    case sealing = "store.seal"
    case sealingMark = "store.seal-mark"
    case schemaUp = "store.schema-up"
    case schemaDown = "store.schema-down"
    case oldEvents = "store.old-events"
    case terminalSessions = "store.terminal-sessions"
    case scheduleProgress = "store.schedule-progress"

    package enum Step: String, CaseIterable { case commit, done }
}
