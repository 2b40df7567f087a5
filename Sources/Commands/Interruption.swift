import Synchronization

/// Ctrl-C, and the other ways to tell a command to end: whether it was told.
package enum Interruption {
    private static let signal = Atomic<Int32>(0)

    package static let message = "interrupted: nothing was published"

    package static var isRequested: Bool { signal.load(ordering: .acquiring) != 0 }

    /// What a shell would say of a program that the signal has ended.
    package static var exitCode: Int32 { 128 + signal.load(ordering: .acquiring) }

    /// This process was told by the signal `number`.
    package static func note(_ number: Int32) { signal.store(number, ordering: .releasing) }
}
