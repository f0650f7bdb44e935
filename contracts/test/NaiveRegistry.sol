// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The usual way to put a model on chain, for comparison of its gas: everything as text, one transaction a chunk.
contract NaiveRegistry {
    struct Model {
        string modelId;
        string name;
        address publisher;
        uint256 size;
        uint256 chunkCount;
        uint256 registeredAt;
        bool active;
    }

    struct Chunk {
        string cid;
        string sha256Hex;
        uint256 index;
        uint256 size;
        uint256 addedAt;
    }

    mapping(string modelId => Model) internal models;
    mapping(string modelId => Chunk[]) internal chunks;

    event ModelRegistered(string modelId, address publisher);
    event ChunkAdded(string modelId, uint256 index, string cid);

    function registerModel(string calldata modelId, string calldata name, uint256 size, uint256 count) external {
        models[modelId] = Model(modelId, name, msg.sender, size, count, block.timestamp, true);
        emit ModelRegistered(modelId, msg.sender);
    }

    function addChunk(string calldata modelId, string calldata cid, string calldata sha256Hex, uint256 i, uint256 size)
        external
    {
        require(models[modelId].publisher == msg.sender, "not the publisher");
        chunks[modelId].push(Chunk(cid, sha256Hex, i, size, block.timestamp));
        emit ChunkAdded(modelId, i, cid);
    }
}
