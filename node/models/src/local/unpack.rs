//! Weights in full precision, from a file that packs them.
//!
//! candle multiplies packed weights with a kernel for each way of packing. Some of them are slow
//! (Q4_1's took eight times the processor time of unpacked weights), and all of them round
//! what flows through the model to 8 bits. Unpacked weights are exactly the values that the file
//! stands for; they only take more memory: four bytes for each.

use std::{
	collections::HashMap,
	io::{self, Cursor, Read, Seek, SeekFrom},
};

use candle_core::{
	quantized::{
		gguf_file::{Content, TensorInfo},
		GgmlDType,
	},
	Device,
};

/// Bytes of one unpacked weight.
const WIDTH: u64 = 4;

/// A GGUF file as it would be if its weights were not packed, for a reader that seeks a tensor and then
/// reads it. A tensor is unpacked when it is sought, so that there are never two whole copies in memory.
pub(super) struct Unpacked<'a, R> {
	file: &'a mut R,
	/// The place in the file where the tensors begin.
	data: u64,
	/// The packed tensors, by where each of them would begin.
	packed: HashMap<u64, TensorInfo>,
	size: u64,
	/// The tensor that was sought last.
	current: Cursor<Vec<u8>>,
}

/// The bytes that the weights of a header take when they are unpacked.
pub(super) fn unpacked_size(content: &Content) -> u64 {
	content.tensor_infos.values().map(size).fold(0, u64::saturating_add)
}

fn size(tensor: &TensorInfo) -> u64 {
	u64::try_from(tensor.shape.elem_count()).unwrap_or(u64::MAX).saturating_mul(WIDTH)
}

impl<'a, R: Read + Seek> Unpacked<'a, R> {
	/// Rewrites a header to what it would be with unpacked weights, to be read together with it.
	pub fn new(content: &mut Content, file: &'a mut R) -> Self {
		let data = std::mem::take(&mut content.tensor_data_offset);
		let (mut packed, mut end) = (HashMap::new(), 0_u64);
		for info in content.tensor_infos.values_mut() {
			let (shape, offset) = (info.shape.clone(), end);
			end = end.saturating_add(size(info));
			let unpacked = TensorInfo { ggml_dtype: GgmlDType::F32, shape, offset };
			packed.insert(offset, std::mem::replace(info, unpacked));
		}
		Self { file, data, packed, size: end, current: Cursor::default() }
	}

	fn unpack(&mut self, begin: u64) -> candle_core::Result<Vec<u8>> {
		let Some(tensor) = self.packed.get(&begin) else { return Ok(Vec::new()) };
		let packed = tensor.read(self.file, self.data, &Device::Cpu)?;
		let weights = packed.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
		Ok(weights.into_iter().flat_map(f32::to_le_bytes).collect())
	}
}

impl<R: Read + Seek> Read for Unpacked<'_, R> {
	fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
		self.current.read(buffer)
	}
}

impl<R: Read + Seek> Seek for Unpacked<'_, R> {
	fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
		match to {
			SeekFrom::Start(begin) => {
				self.current = Cursor::new(self.unpack(begin).map_err(io::Error::other)?);
				Ok(begin)
			}
			SeekFrom::End(0) => Ok(self.size),
			_ => Err(io::ErrorKind::Unsupported.into()),
		}
	}
}

#[cfg(test)]
mod tests {
	use candle_core::{
		quantized::{gguf_file, QTensor},
		Tensor,
	};

	use super::*;

	/// A file with three tensors, packed in different ways.
	fn file() -> Cursor<Vec<u8>> {
		let tensor = |size: u16, shape: (usize, usize), kind| {
			let weights: Vec<f32> = (0..size).map(|n| f32::from(n % 31) - 12.0).collect();
			let tensor = Tensor::from_vec(weights, shape, &Device::Cpu).expect("a tensor");
			QTensor::quantize(&tensor, kind).expect("it packs")
		};
		let one = tensor(64, (2, 32), GgmlDType::Q4_1);
		let two = tensor(256, (8, 32), GgmlDType::Q8_0);
		let three = tensor(32, (1, 32), GgmlDType::F32);
		let tensors = [("one", &one), ("two", &two), ("three", &three)];
		let mut file = Cursor::new(Vec::new());
		gguf_file::write(&mut file, &[], &tensors).expect("it is written");
		file.set_position(0);
		file
	}

	fn weights(tensor: &QTensor) -> Vec<f32> {
		let tensor = tensor.dequantize(&Device::Cpu).and_then(|tensor| tensor.flatten_all());
		tensor.and_then(|tensor| tensor.to_vec1()).expect("weights")
	}

	#[test]
	fn reads_the_same_weights() {
		let mut file = file();
		let packed = Content::read(&mut file).expect("it reads");
		file.set_position(0);
		let mut content = Content::read(&mut file).expect("it reads");
		assert_eq!(unpacked_size(&content), (64 + 256 + 32) * 4);
		let mut copy = file.clone();
		let mut unpacked = Unpacked::new(&mut content, &mut file);
		for name in ["three", "one", "two", "one"] {
			let before = packed.tensor(&mut copy, name, &Device::Cpu).expect("it reads");
			let after = content.tensor(&mut unpacked, name, &Device::Cpu).expect("it reads");
			assert_eq!(after.dtype(), GgmlDType::F32);
			assert_eq!(after.shape(), before.shape());
			assert_eq!(weights(&after), weights(&before), "{name}");
		}
	}

	#[test]
	fn a_file_that_is_cut_off_is_an_error() {
		let mut file = file();
		let mut content = Content::read(&mut file).expect("it reads");
		let length = file.get_ref().len();
		file.get_mut().truncate(length - 300);
		let mut unpacked = Unpacked::new(&mut content, &mut file);
		let read = |name: &str, unpacked: &mut Unpacked<'_, _>| {
			content.tensor(unpacked, name, &Device::Cpu).is_ok()
		};
		assert!(read("one", &mut unpacked));
		assert!(!read("two", &mut unpacked));
	}
}
