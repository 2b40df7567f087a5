import Synchronization

/// Ctrl-C, and other requests to end a command: whether one arrived.
package enum Interruption {
    private static let signal = Atomic<Int32>(0)

    package static let message = "interrupted: nothing was published"

    package static var isRequested: Bool { signal.load(ordering: .acquiring) != 0 }

    /// The exit status that a shell reports for the signal.
    package static var exitCode: Int32 { 128 + signal.load(ordering: .acquiring) }

    /// This process received the signal `number`.
    package static func note(_ number: Int32) { signal.store(number, ordering: .releasing) }
}
