// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a contract wallet answers about a signature (ERC-1271).
interface IERC1271 {
    /// @notice Say whether `signature` is the wallet's own for `digest`.
    /// @param digest Hash that was signed.
    /// @param signature Bytes in whatever form the wallet understands.
    /// @return 0x1626ba7e when the signature is good.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4);
}

/// @title Registry of published AI models.
/// @notice Says which manifest a publisher gave to each version of a model, and whether that version is to be used.
///
/// A publisher's address is a namespace of its own: everything is keyed by (publisher, model id), nothing is shared
/// between namespaces, and nobody stands above them. The contract has no owner, no pause and no upgrade, takes no
/// ether and calls nobody except, read only, a contract wallet about its own signature.
///
/// State holds one word a version: the SHA-256 of the manifest head, which is a dag-cbor block of at most 1,024 bytes
/// that begins with the chunk root. The head itself stands in the event, and readers bring it back as calldata.
///
/// The storage layout is part of the interface, since clients read it through storage proofs; it never changes.
/// No immutables and no metadata hash: the runtime code, and so its hash, is the same on every chain.
contract ChunkedModelRegistry {
    /// @dev One word a model. Statuses take two bits a version, version 1 in the lowest.
    struct Head {
        uint32 newest;
        uint8 status;
        uint40 newestAt;
        uint176 statuses;
    }

    /// @dev Who acts for a publisher. `controller` zero means the publisher itself. `term` counts the controllers, so
    /// that operators end with the controller that named them; `nonce` counts the relayed writes and the controllers.
    struct Namespace {
        address controller;
        uint32 term;
        uint64 nonce;
    }

    /// @notice What the registry says of one version.
    struct Record {
        /// SHA-256 of the manifest head, which is also the digest inside the manifest's CID.
        bytes32 manifest;
        /// The version this record is of.
        uint32 version;
        /// The newest version of the model.
        uint32 newest;
        /// Block time, in seconds, when the newest version was published.
        uint40 newestAt;
        /// Status of the whole model.
        uint8 modelStatus;
        /// Status of this version alone; the stricter of the two counts.
        uint8 versionStatus;
    }

    uint8 private constant ACTIVE = 0;
    uint8 private constant INACTIVE = 1;
    uint8 private constant REVOKED = 2;

    uint256 private constant MODEL_ID_BYTES_MAX = 128;
    uint256 private constant HEAD_BYTES_MIN = 41;
    uint256 private constant HEAD_BYTES_MAX = 1024;
    uint256 private constant REASON_BYTES_MAX = 256;
    uint256 private constant VERSION_GAP_MAX = 65_536;
    uint256 private constant PAGE_MAX = 1000;

    /// @dev Versions whose status stands in the head word; later ones have words of 128 statuses.
    uint256 private constant HEAD_STATUSES = 88;

    /// @dev What follows the map header of every manifest head: "v": 1, "ct": 32 bytes.
    bytes8 private constant HEAD_PREFIX = 0x6176016263745820;
    bytes1 private constant MAP_MIN = 0xa0;
    bytes1 private constant MAP_MAX = 0xb7;

    /// @dev Half the order of secp256k1: above it a signature is the mirror image of another one.
    uint256 private constant S_MAX = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DOMAIN_NAME = keccak256("ChunkedModelRegistry");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");

    bytes32 private constant PUBLISH_TYPE =
        keccak256("Publish(address publisher,string modelId,uint32 version,bytes32 manifest,uint256 deadline)");
    bytes32 private constant SET_STATUS_TYPE = keccak256(
        "SetStatus(address publisher,string modelId,uint32 version,uint8 status,string reason,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant SET_OPERATOR_TYPE =
        keccak256("SetOperator(address publisher,address operator,bool allowed,uint256 nonce,uint256 deadline)");
    bytes32 private constant SET_SUCCESSOR_TYPE =
        keccak256("SetSuccessor(address publisher,address successor,uint256 nonce,uint256 deadline)");
    bytes32 private constant PROPOSE_CONTROLLER_TYPE =
        keccak256("ProposeController(address publisher,address controller,uint256 nonce,uint256 deadline)");
    bytes32 private constant ACCEPT_CONTROLLER_TYPE =
        keccak256("AcceptController(address publisher,address controller,uint256 nonce,uint256 deadline)");

    /// @dev Statements name no chain and no contract: one signature serves every ledger and every copy.
    bytes32 private constant STATEMENT_DOMAIN = keccak256(
        abi.encode(keccak256("EIP712Domain(string name,string version)"), keccak256("model-storage"), keccak256("1"))
    );
    bytes32 private constant STATEMENT_TYPE =
        keccak256("Statement(address publisher,string modelId,uint32 version,bytes32 manifest)");
    bytes32 private constant STATUS_TYPE =
        keccak256("Status(address publisher,string modelId,uint32 version,uint8 status,string reason,uint64 sequence)");

    // Storage: clients prove these slots, so their order and packing are frozen.
    mapping(bytes32 key => Head) private heads; // slot 0
    mapping(bytes32 key => mapping(uint256 version => bytes32)) private manifests; // slot 1
    mapping(bytes32 key => mapping(uint256 word => uint256)) private laterStatuses; // slot 2
    mapping(address publisher => bytes32[]) private ids; // slot 3
    mapping(address publisher => Namespace) private namespaces; // slot 4
    mapping(address publisher => mapping(uint256 term => mapping(address who => bool))) private operators; // slot 5
    mapping(address publisher => address) private pendingControllers; // slot 6
    mapping(address publisher => address) private successors; // slot 7

    /// @notice A publisher used this model id for the first time.
    /// @param publisher Namespace.
    /// @param key Model key.
    /// @param modelId Text of the id: the only place that tells it for ids above 31 bytes.
    event ModelRegistered(address indexed publisher, bytes32 indexed key, string modelId);

    /// @notice A version was published. Happens once for each (key, version).
    /// @param publisher Namespace.
    /// @param key Model key.
    /// @param manifest SHA-256 of `head`.
    /// @param version Number of the version.
    /// @param head The manifest head.
    event VersionPublished(
        address indexed publisher, bytes32 indexed key, bytes32 indexed manifest, uint32 version, bytes head
    );

    /// @notice The status of a version, or with version 0 of a whole model, changed.
    /// @param publisher Namespace.
    /// @param key Model key.
    /// @param version Number of the version, 0 for the whole model.
    /// @param status 0 active, 1 inactive, 2 revoked for good.
    /// @param reason What the publisher says about it.
    event StatusChanged(
        address indexed publisher, bytes32 indexed key, uint32 indexed version, uint8 status, string reason
    );

    /// @notice Another key was offered a namespace; zero takes the offer back.
    /// @param publisher Namespace.
    /// @param controller The key that may accept.
    event ControllerProposed(address indexed publisher, address indexed controller);

    /// @notice Another key acts for a namespace from now on; operators and signatures of before are void.
    /// @param publisher Namespace.
    /// @param controller The key that accepted.
    event ControllerChanged(address indexed publisher, address indexed controller);

    /// @notice A key was given or denied the right to publish versions, and nothing else.
    /// @param publisher Namespace.
    /// @param operator The key.
    /// @param allowed Whether it may publish.
    event OperatorChanged(address indexed publisher, address indexed operator, bool allowed);

    /// @notice A publisher points to another namespace, or with zero to none. A notice: it moves nothing.
    /// @param publisher Namespace that speaks.
    /// @param successor Namespace it points to.
    event SuccessorChanged(address indexed publisher, address indexed successor);

    /// @notice `caller` may not write to this namespace in this way.
    /// @param publisher Namespace.
    /// @param caller Who asked, or whose signature was offered.
    error NotAllowed(address publisher, address caller);

    /// @notice `caller` was not offered this namespace.
    /// @param publisher Namespace.
    /// @param caller Who tried to accept.
    error NotProposed(address publisher, address caller);

    /// @notice The signature is not `signer`'s for this message on this chain and contract.
    /// @param signer Whose signature is needed.
    error BadSignature(address signer);

    /// @notice The signed message is past its deadline.
    /// @param deadline Last second at which it held.
    error SignatureExpired(uint256 deadline);

    /// @notice The namespace expects another nonce: the message was used already, or others have to come first.
    /// @param publisher Namespace.
    /// @param expected The next nonce.
    /// @param given The nonce of the message.
    error BadNonce(address publisher, uint256 expected, uint256 given);

    /// @notice A model id has 1 to 128 bytes.
    /// @param length Bytes given.
    error BadModelId(uint256 length);

    /// @notice A manifest head has 41 to 1,024 bytes and begins with a map of at most 23 pairs, "v" 1 and "ct".
    /// @param length Bytes given.
    error BadHead(uint256 length);

    /// @notice The head is not the one that was published.
    /// @param published Digest in the record.
    /// @param given Digest of the bytes given.
    error HeadMismatch(bytes32 published, bytes32 given);

    /// @notice The version stands already: with the same digest it is done, with another one it is a conflict.
    /// @param key Model key.
    /// @param version Number of the version.
    /// @param manifest Digest in the record.
    error VersionExists(bytes32 key, uint32 version, bytes32 manifest);

    /// @notice A new version is above the newest one, by at most 65,536.
    /// @param key Model key.
    /// @param newest The newest version, 0 for a new model.
    /// @param version The number given.
    error VersionOutOfRange(bytes32 key, uint32 newest, uint32 version);

    /// @notice There is no such version; with version 0, no such model.
    /// @param key Model key.
    /// @param version The number given.
    error UnknownVersion(bytes32 key, uint32 version);

    /// @notice A status is 0, 1 or 2.
    /// @param newStatus The number given.
    error BadStatus(uint8 newStatus);

    /// @notice The status is this already.
    /// @param key Model key.
    /// @param version The number given.
    /// @param newStatus The status given.
    error StatusUnchanged(bytes32 key, uint32 version, uint8 newStatus);

    /// @notice Revoked is final.
    /// @param key Model key.
    /// @param version What was revoked; 0 is the whole model.
    error Revoked(bytes32 key, uint32 version);

    /// @notice A reason has at most 256 bytes.
    /// @param length Bytes given.
    error ReasonTooLong(uint256 length);

    // ---------------------------------------------------------------------------------------------- versions

    /// @notice Publish a version of a model; the first one registers the model. Controller and operators may.
    /// @param publisher Namespace.
    /// @param modelId Id within it, 1 to 128 bytes.
    /// @param version Above the newest one, by at most 65,536.
    /// @param head The manifest head, 41 to 1,024 bytes; its SHA-256 becomes the record.
    function publish(address publisher, string calldata modelId, uint32 version, bytes calldata head) external {
        _requirePublishingKey(publisher, msg.sender);
        _publish(publisher, modelId, version, head, sha256(head));
    }

    /// @notice Publish with the signature of a key that pays nothing. Good for one version, so it needs no nonce.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Above the newest one, by at most 65,536.
    /// @param head The manifest head; the signature covers its SHA-256.
    /// @param deadline Last second at which the signature holds.
    /// @param signer The controller or an operator.
    /// @param signature r, s, v of 65 bytes, or what the wallet at `signer` understands.
    function publishBySig(
        address publisher,
        string calldata modelId,
        uint32 version,
        bytes calldata head,
        uint256 deadline,
        address signer,
        bytes calldata signature
    ) external {
        bytes32 manifest = sha256(head);
        _requirePublishingKey(publisher, signer);
        _requireSignature(
            signer,
            keccak256(abi.encode(PUBLISH_TYPE, publisher, keccak256(bytes(modelId)), version, manifest, deadline)),
            deadline,
            signature
        );
        _publish(publisher, modelId, version, head, manifest);
    }

    // ---------------------------------------------------------------------------------------------- statuses

    /// @notice Set the status of a version, or with version 0 of the whole model. Only the controller may.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version, 0 for the whole model.
    /// @param newStatus 0 active, 1 inactive, 2 revoked; from revoked there is no way back.
    /// @param reason At most 256 bytes, kept in the event.
    function setStatus(
        address publisher,
        string calldata modelId,
        uint32 version,
        uint8 newStatus,
        string calldata reason
    ) external {
        _requireController(publisher);
        _setStatus(modelKey(publisher, modelId), publisher, version, newStatus, reason);
    }

    /// @notice Set a status with the controller's signature.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version, 0 for the whole model.
    /// @param newStatus 0 active, 1 inactive, 2 revoked; from revoked there is no way back.
    /// @param reason At most 256 bytes, kept in the event.
    /// @param nonce The namespace's next nonce.
    /// @param deadline Last second at which the signature holds.
    /// @param signature The controller's.
    function setStatusBySig(
        address publisher,
        string calldata modelId,
        uint32 version,
        uint8 newStatus,
        string calldata reason,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 idHash = keccak256(bytes(modelId));
        bytes32 message = keccak256(
            abi.encode(
                SET_STATUS_TYPE, publisher, idHash, version, newStatus, keccak256(bytes(reason)), nonce, deadline
            )
        );
        _requireController(publisher, message, nonce, deadline, signature);
        _setStatus(_modelKey(publisher, idHash), publisher, version, newStatus, reason);
    }

    // ------------------------------------------------------------------------------------------ who may write

    /// @notice Offer the namespace to another key, or take the offer back with zero. Only the controller may.
    /// @param publisher Namespace.
    /// @param controller The key that may accept.
    function proposeController(address publisher, address controller) external {
        _requireController(publisher);
        _proposeController(publisher, controller);
    }

    /// @notice Offer the namespace to another key with the controller's signature.
    /// @param publisher Namespace.
    /// @param controller The key that may accept.
    /// @param nonce The namespace's next nonce.
    /// @param deadline Last second at which the signature holds.
    /// @param signature The controller's.
    function proposeControllerBySig(
        address publisher,
        address controller,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requireController(
            publisher,
            keccak256(abi.encode(PROPOSE_CONTROLLER_TYPE, publisher, controller, nonce, deadline)),
            nonce,
            deadline,
            signature
        );
        _proposeController(publisher, controller);
    }

    /// @notice Take over a namespace that was offered to the caller.
    /// @param publisher Namespace.
    function acceptController(address publisher) external {
        _acceptController(publisher, msg.sender);
    }

    /// @notice Take over a namespace with the signature of the key it was offered to.
    /// @param publisher Namespace.
    /// @param controller The key that accepts.
    /// @param nonce The namespace's next nonce.
    /// @param deadline Last second at which the signature holds.
    /// @param signature The accepting key's.
    function acceptControllerBySig(
        address publisher,
        address controller,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requireNonce(publisher, nonce);
        _requireSignature(
            controller,
            keccak256(abi.encode(ACCEPT_CONTROLLER_TYPE, publisher, controller, nonce, deadline)),
            deadline,
            signature
        );
        _acceptController(publisher, controller);
    }

    /// @notice Allow or deny a key to publish versions, and nothing else. Only the controller may.
    /// @param publisher Namespace.
    /// @param operator The key.
    /// @param allowed Whether it may publish until the controller changes.
    function setOperator(address publisher, address operator, bool allowed) external {
        _requireController(publisher);
        _setOperator(publisher, operator, allowed);
    }

    /// @notice Allow or deny a key to publish, with the controller's signature.
    /// @param publisher Namespace.
    /// @param operator The key.
    /// @param allowed Whether it may publish until the controller changes.
    /// @param nonce The namespace's next nonce.
    /// @param deadline Last second at which the signature holds.
    /// @param signature The controller's.
    function setOperatorBySig(
        address publisher,
        address operator,
        bool allowed,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requireController(
            publisher,
            keccak256(abi.encode(SET_OPERATOR_TYPE, publisher, operator, allowed, nonce, deadline)),
            nonce,
            deadline,
            signature
        );
        _setOperator(publisher, operator, allowed);
    }

    /// @notice Point to another namespace, or with zero to none. Only the controller may.
    /// @param publisher Namespace that speaks.
    /// @param successor Namespace it points to.
    function setSuccessor(address publisher, address successor) external {
        _requireController(publisher);
        _setSuccessor(publisher, successor);
    }

    /// @notice Point to another namespace with the controller's signature.
    /// @param publisher Namespace that speaks.
    /// @param successor Namespace it points to.
    /// @param nonce The namespace's next nonce.
    /// @param deadline Last second at which the signature holds.
    /// @param signature The controller's.
    function setSuccessorBySig(
        address publisher,
        address successor,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requireController(
            publisher,
            keccak256(abi.encode(SET_SUCCESSOR_TYPE, publisher, successor, nonce, deadline)),
            nonce,
            deadline,
            signature
        );
        _setSuccessor(publisher, successor);
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @notice The record of a version. Reverts when there is none, so that zeros are never taken for an answer.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version, 0 for the newest.
    /// @return The record.
    function record(address publisher, string calldata modelId, uint32 version) external view returns (Record memory) {
        return recordByKey(modelKey(publisher, modelId), version);
    }

    /// @notice The record of a version of a model known by its key.
    /// @param key Model key.
    /// @param version Number of the version, 0 for the newest.
    /// @return The record.
    function recordByKey(bytes32 key, uint32 version) public view returns (Record memory) {
        Head storage head = heads[key];
        uint32 number = version == 0 ? head.newest : version;
        bytes32 manifest = manifests[key][number];
        if (manifest == 0) revert UnknownVersion(key, version);
        return Record(manifest, number, head.newest, head.newestAt, head.status, _versionStatus(key, number));
    }

    /// @notice The status that counts: the stricter of the model's and the version's.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version, 0 for the whole model alone.
    /// @return 0 active, 1 inactive, 2 revoked.
    function status(address publisher, string calldata modelId, uint32 version) external view returns (uint8) {
        Record memory found = recordByKey(modelKey(publisher, modelId), version);
        if (version == 0 || found.modelStatus > found.versionStatus) return found.modelStatus;
        return found.versionStatus;
    }

    /// @notice A page of a publisher's model ids, in the order of their registration.
    /// @param publisher Namespace.
    /// @param from Position of the first one.
    /// @param count How many at most; above 1,000 means 1,000.
    /// @return page One word an id, fewer at the end. Even: the text left-aligned, twice its length in the last byte.
    /// Odd: the model key of an id above 31 bytes, with its last bit set; the event ModelRegistered tells the text.
    /// @return total How many models the publisher has.
    function models(address publisher, uint256 from, uint256 count)
        external
        view
        returns (bytes32[] memory page, uint256 total)
    {
        bytes32[] storage list = ids[publisher];
        total = list.length;
        if (from > total) from = total;
        if (count > PAGE_MAX) count = PAGE_MAX;
        if (count > total - from) count = total - from;
        page = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            page[i] = list[from + i];
        }
    }

    /// @notice Who acts for a publisher, and where it points.
    /// @param publisher Namespace.
    /// @return controller The key that acts; the publisher itself unless it handed over.
    /// @return pending The key that may accept the namespace, or zero.
    /// @return successor The namespace it points to, or zero.
    /// @return term How often the controller changed.
    /// @return nonce The next nonce for relayed writes.
    function namespaceOf(address publisher)
        external
        view
        returns (address controller, address pending, address successor, uint32 term, uint64 nonce)
    {
        Namespace storage space = namespaces[publisher];
        return (_controller(publisher), pendingControllers[publisher], successors[publisher], space.term, space.nonce);
    }

    /// @notice Whether a key may publish for a publisher now.
    /// @param publisher Namespace.
    /// @param who The key.
    /// @return True for the controller and for its operators.
    function mayPublish(address publisher, address who) public view returns (bool) {
        return who == _controller(publisher) || operators[publisher][namespaces[publisher].term][who];
    }

    /// @notice Whether a chunk with this SHA-256 stands at this place of a published version.
    /// Says nothing about status: a revoked version still has its chunks.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version.
    /// @param head Its manifest head; reverts when it is not the published one.
    /// @param index Place of the chunk, from 0.
    /// @param count Number of chunks of the whole version; the chunk root is bound to it.
    /// @param chunkDigest SHA-256 of the chunk.
    /// @param proof Inclusion proof of RFC 9162 section 2.1.3, leaf side first.
    /// @return True when the proof holds.
    function verifyChunk(
        address publisher,
        string calldata modelId,
        uint32 version,
        bytes calldata head,
        uint64 index,
        uint64 count,
        bytes32 chunkDigest,
        bytes32[] calldata proof
    ) external view returns (bool) {
        {
            bytes32 key = modelKey(publisher, modelId);
            bytes32 published = manifests[key][version];
            if (published == 0) revert UnknownVersion(key, version);
            bytes32 given = sha256(head);
            if (given != published) revert HeadMismatch(published, given);
        }
        (bool complete, bytes32 root) = _treeRoot(chunkDigest, index, count, proof);
        // The prefix was checked when these bytes were published, so the chunk root is where it has to be.
        return complete && sha256(abi.encodePacked(hex"02", count, root)) == bytes32(head[9:]);
    }

    /// @notice The key under which a model is kept.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @return keccak256(abi.encode(publisher, keccak256(modelId))).
    function modelKey(address publisher, string calldata modelId) public pure returns (bytes32) {
        return _modelKey(publisher, keccak256(bytes(modelId)));
    }

    /// @notice The EIP-712 domain of relayed writes: "ChunkedModelRegistry", "1", this chain, this contract.
    /// @return The domain separator.
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this)));
    }

    /// @notice What a publisher signs to say that a version is this manifest, on no chain in particular.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version.
    /// @param manifest SHA-256 of the manifest head.
    /// @return The EIP-712 digest in the domain "model-storage", "1".
    function statementDigest(address publisher, string calldata modelId, uint32 version, bytes32 manifest)
        external
        pure
        returns (bytes32)
    {
        return _typedDigest(
            STATEMENT_DOMAIN,
            keccak256(abi.encode(STATEMENT_TYPE, publisher, keccak256(bytes(modelId)), version, manifest))
        );
    }

    /// @notice What a publisher signs to change a status, on no chain in particular.
    /// @param publisher Namespace.
    /// @param modelId Id within it.
    /// @param version Number of the version, 0 for the whole model.
    /// @param newStatus 0 active, 1 inactive, 2 revoked.
    /// @param reason What the publisher says about it.
    /// @param sequence Place of this change among those of the model.
    /// @return The EIP-712 digest in the domain "model-storage", "1".
    function statusDigest(
        address publisher,
        string calldata modelId,
        uint32 version,
        uint8 newStatus,
        string calldata reason,
        uint64 sequence
    ) external pure returns (bytes32) {
        bytes32 idHash = keccak256(bytes(modelId));
        return _typedDigest(
            STATEMENT_DOMAIN,
            keccak256(
                abi.encode(STATUS_TYPE, publisher, idHash, version, newStatus, keccak256(bytes(reason)), sequence)
            )
        );
    }

    // ------------------------------------------------------------------------------------------------ private

    function _publish(address publisher, string calldata modelId, uint32 version, bytes calldata head, bytes32 manifest)
        private
    {
        if (!_isHead(head)) revert BadHead(head.length);
        bytes32 key = modelKey(publisher, modelId);
        Head storage state = heads[key];
        bytes32 standing = manifests[key][version];
        if (standing != 0) revert VersionExists(key, version, standing);
        if (version <= state.newest || version - state.newest > VERSION_GAP_MAX) {
            revert VersionOutOfRange(key, state.newest, version);
        }
        if (state.status == REVOKED) revert Revoked(key, 0);

        if (state.newest == 0) _register(publisher, key, modelId);
        state.newest = version;
        state.newestAt = uint40(block.timestamp);
        manifests[key][version] = manifest;
        emit VersionPublished(publisher, key, manifest, version, head);
    }

    /// @dev The list keeps short ids as text and long ones by key, told apart by the last bit as Solidity tells
    /// short strings from long ones.
    function _register(address publisher, bytes32 key, string calldata modelId) private {
        uint256 length = bytes(modelId).length;
        if (length == 0 || length > MODEL_ID_BYTES_MAX) revert BadModelId(length);
        bytes32 id = key | bytes32(uint256(1));
        if (length < 32) {
            // forge-lint: disable-next-line(unsafe-typecast) because the id is shorter than the word.
            id = bytes32(bytes(modelId)) | bytes32(2 * length);
        }
        ids[publisher].push(id);
        emit ModelRegistered(publisher, key, modelId);
    }

    function _setStatus(bytes32 key, address publisher, uint32 version, uint8 newStatus, string calldata reason)
        private
    {
        if (newStatus > REVOKED) revert BadStatus(newStatus);
        if (bytes(reason).length > REASON_BYTES_MAX) revert ReasonTooLong(bytes(reason).length);
        Record memory found = recordByKey(key, version);
        uint8 current = version == 0 ? found.modelStatus : found.versionStatus;
        if (current == REVOKED) revert Revoked(key, version);
        if (current == newStatus) revert StatusUnchanged(key, version, newStatus);

        if (version == 0) {
            heads[key].status = newStatus;
        } else if (version <= HEAD_STATUSES) {
            // forge-lint: disable-next-line(unsafe-typecast) because 2 bits moved by at most 2 * 87 fit 176.
            heads[key].statuses ^= uint176(uint256(current ^ newStatus) << (2 * (uint256(version) - 1)));
        } else {
            laterStatuses[key][version >> 7] ^= uint256(current ^ newStatus) << (2 * (uint256(version) & 127));
        }
        emit StatusChanged(publisher, key, version, newStatus, reason);
    }

    function _proposeController(address publisher, address controller) private {
        pendingControllers[publisher] = controller;
        emit ControllerProposed(publisher, controller);
    }

    function _acceptController(address publisher, address controller) private {
        if (pendingControllers[publisher] != controller) revert NotProposed(publisher, controller);
        delete pendingControllers[publisher];
        Namespace storage space = namespaces[publisher];
        space.controller = controller;
        ++space.term;
        ++space.nonce;
        emit ControllerChanged(publisher, controller);
    }

    function _setOperator(address publisher, address operator, bool allowed) private {
        operators[publisher][namespaces[publisher].term][operator] = allowed;
        emit OperatorChanged(publisher, operator, allowed);
    }

    function _setSuccessor(address publisher, address successor) private {
        successors[publisher] = successor;
        emit SuccessorChanged(publisher, successor);
    }

    /// @dev For a write that a signed message asks for: spends the nonce.
    function _requireController(
        address publisher,
        bytes32 message,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) private {
        _requireNonce(publisher, nonce);
        _requireSignature(_controller(publisher), message, deadline, signature);
        ++namespaces[publisher].nonce;
    }

    /// @dev For a write that the caller asks for.
    function _requireController(address publisher) private view {
        if (msg.sender != _controller(publisher)) {
            revert NotAllowed(publisher, msg.sender);
        }
    }

    function _requirePublishingKey(address publisher, address who) private view {
        if (!mayPublish(publisher, who)) revert NotAllowed(publisher, who);
    }

    function _requireNonce(address publisher, uint256 nonce) private view {
        uint256 expected = namespaces[publisher].nonce;
        if (nonce != expected) revert BadNonce(publisher, expected, nonce);
    }

    function _requireSignature(address signer, bytes32 message, uint256 deadline, bytes calldata signature)
        private
        view
    {
        // forge-lint: disable-next-line(block-timestamp) because seconds do not matter to a deadline.
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 digest = _typedDigest(domainSeparator(), message);
        if (!_isSignedByKey(signer, digest, signature) && !_isSignedByWallet(signer, digest, signature)) {
            revert BadSignature(signer);
        }
    }

    /// @dev Tried first also where there is code: a delegated account keeps its key.
    function _isSignedByKey(address signer, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        if (signature.length != 65) return false;
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        if (uint256(s) > S_MAX) return false;
        address recovered = ecrecover(digest, uint8(signature[64]), r, s);
        // Zero is what a bad signature recovers to; it must not speak for the zero address.
        return recovered != address(0) && recovered == signer;
    }

    /// @dev Read only, and before any write. At most one word of the answer is taken, however long it is.
    function _isSignedByWallet(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signer.code.length == 0) return false;
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bool answered;
        bytes32 answer;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            answered := staticcall(gas(), signer, add(question, 0x20), mload(question), 0, 0x20)
            answered := and(answered, gt(returndatasize(), 0x1f))
            answer := mload(0)
        }
        return answered && answer == bytes32(IERC1271.isValidSignature.selector);
    }

    function _controller(address publisher) private view returns (address) {
        address controller = namespaces[publisher].controller;
        return controller == address(0) ? publisher : controller;
    }

    function _versionStatus(bytes32 key, uint32 version) private view returns (uint8) {
        if (version <= HEAD_STATUSES) return uint8((uint256(heads[key].statuses) >> (2 * (uint256(version) - 1))) & 3);
        return uint8((laterStatuses[key][version >> 7] >> (2 * (uint256(version) & 127))) & 3);
    }

    function _modelKey(address publisher, bytes32 idHash) private pure returns (bytes32) {
        return keccak256(abi.encode(publisher, idHash));
    }

    function _typedDigest(bytes32 domain, bytes32 message) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    /// @dev A map of 0 to 23 pairs, then the first two of them as every manifest has them.
    function _isHead(bytes calldata head) private pure returns (bool) {
        if (head.length < HEAD_BYTES_MIN || head.length > HEAD_BYTES_MAX) return false;
        // forge-lint: disable-next-line(unsafe-typecast) because only the prefix is compared.
        return head[0] >= MAP_MIN && head[0] <= MAP_MAX && bytes8(head[1:]) == HEAD_PREFIX;
    }

    /// @dev RFC 9162 section 2.1.3.2. The shifts end the walk after 64 steps at most, whatever the proof's length.
    /// @return complete Whether the proof has just the length that this index and count ask for.
    /// @return hash The root it leads to.
    function _treeRoot(bytes32 chunkDigest, uint256 index, uint256 count, bytes32[] calldata proof)
        private
        pure
        returns (bool complete, bytes32 hash)
    {
        if (index >= count) return (false, 0);
        uint256 last = count - 1;
        hash = sha256(abi.encodePacked(hex"00", chunkDigest));
        for (uint256 i = 0; i < proof.length; ++i) {
            if (last == 0) return (false, 0);
            bytes32 other = proof[i];
            if (index & 1 == 1 || index == last) {
                hash = _node(other, hash);
                while (index & 1 == 0) {
                    index >>= 1;
                    last >>= 1;
                }
            } else {
                hash = _node(hash, other);
            }
            index >>= 1;
            last >>= 1;
        }
        return (last == 0, hash);
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"01", left, right));
    }
}
