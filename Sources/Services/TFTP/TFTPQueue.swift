/// Transfers whose clients have not answered yet, in the order in which they came: the first to go when there is no room.
///
/// Most of them have been answered, or have ended, when they are looked at; those are skipped.
struct TFTPQueue {
    private var peers: [TFTPService.Peer] = []
    private var head = 0

    mutating func append(_ peer: TFTPService.Peer) { peers.append(peer) }

    /// Takes the first one that still waits.
    mutating func takeFirst(where isWaiting: (TFTPService.Peer) -> Bool) -> TFTPService.Peer? {
        while head < peers.count {
            let peer = peers[head]
            head += 1
            if isWaiting(peer) { return peer }
        }
        return nil
    }

    /// Forgets those that wait no longer.
    mutating func compact(keeping isWaiting: (TFTPService.Peer) -> Bool) {
        peers = peers[head...].filter(isWaiting)
        head = 0
    }
}
