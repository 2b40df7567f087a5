/// What has happened: the kinds of events that pages, web hooks and the event stream have.
package enum EventKind: String, Sendable, Codable, CaseIterable {
    /// A machine reached a stage of its boot.
    case boot
    /// A boot failed. Web hooks ask for these alone by this kind; the events themselves are of the kind ``boot``.
    case bootFailed = "boot-failed"
    /// A ready node has not been heard of for a minute.
    case lost
    /// A lost node is there again.
    case heard
    /// A machine was shut down in order.
    case off
    /// The configuration has a new revision.
    case configuration
    /// A machine reported its hardware.
    case hardware
    /// The same network card was seen in another machine.
    case drift
    /// Another machine asked for something that belongs to a node.
    case alarm
    /// A machine logged something.
    case log
    /// A machine's kernel crashed.
    case crash
    /// A build or boot test of an image made progress on the server's host.
    case build
    /// A roll-out began, advanced or ended, or a node was held.
    case rollout
    /// The server made or changed the volume of a node that boots.
    case volume
    /// A user logged in or out.
    case session
    /// A step of a node's configuration failed.
    case step
    /// A schedule began, ended, or did not run.
    case schedule
    /// The server's clock was set.
    case clock
    /// Something is wrong that no other kind tells: a stuck or held node, a silent terminal server, a pool without servers, a full network.
    case trouble
    /// Such a thing is over.
    case troubleOver = "trouble-over"
    /// A person tries out a web hook: that one alone gets it.
    case test
}

extension EventKind {
    /// What asks for people, of all that happens, and its end: all that «What is wrong now» lists is among it.
    package static let problems: [Self] = [
        .trouble, .troubleOver, .bootFailed, .lost, .heard, .crash, .step, .alarm, .drift,
    ]
}
