//! Weights in full precision, from a file that packs them.
//!
//! candle multiplies packed weights with a kernel for each way of packing. Some of them are slow
//! (Q4_1's took eight times the processor time of unpacked weights), and all of them round
//! what flows through the model to 8 bits. Unpacked weights are exactly the values that the file
//! stands for; they only take more memory: four bytes for each.

use std::io::{self, Read, Seek, SeekFrom};

use candle_core::{
	quantized::{
		gguf_file::{Content, TensorInfo},
		GgmlDType,
	},
	Device,
};

/// Bytes of one unpacked weight.
const WIDTH: u64 = 4;

/// A GGUF file as it would be if its weights were not packed: a reader that unpacks each tensor
/// when it is read, so that there are never two whole copies in memory.
pub(super) struct Unpacked<'a, R> {
	file: &'a mut R,
	/// The place in the file where the tensors begin.
	data: u64,
	tensors: Vec<Tensor>,
	position: u64,
	/// The tensor that was read last, and its bytes.
	current: Option<(usize, Vec<u8>)>,
}

struct Tensor {
	begin: u64,
	end: u64,
	packed: TensorInfo,
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
		let mut tensors = Vec::with_capacity(content.tensor_infos.len());
		let mut begin = 0_u64;
		for info in content.tensor_infos.values_mut() {
			let end = begin.saturating_add(size(info));
			let unpacked =
				TensorInfo { ggml_dtype: GgmlDType::F32, shape: info.shape.clone(), offset: begin };
			tensors.push(Tensor { begin, end, packed: std::mem::replace(info, unpacked) });
			begin = end;
		}
		Self { file, data, tensors, position: 0, current: None }
	}

	fn size(&self) -> u64 {
		self.tensors.last().map_or(0, |tensor| tensor.end)
	}

	/// The bytes from the current position to the end of the tensor that it is in.
	fn available(&mut self) -> io::Result<&[u8]> {
		let index = self.tensors.partition_point(|tensor| tensor.end <= self.position);
		let Some(tensor) = self.tensors.get(index) else { return Ok(&[]) };
		if self.current.as_ref().is_none_or(|(current, _)| *current != index) {
			let bytes = unpack(&tensor.packed, self.file, self.data).map_err(io::Error::other)?;
			self.current = Some((index, bytes));
		}
		let skip = usize::try_from(self.position.saturating_sub(tensor.begin));
		let bytes = self.current.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
		Ok(skip.ok().and_then(|skip| bytes.get(skip..)).unwrap_or_default())
	}
}

fn unpack(
	tensor: &TensorInfo,
	file: &mut (impl Read + Seek),
	data: u64,
) -> candle_core::Result<Vec<u8>> {
	let packed = tensor.read(file, data, &Device::Cpu)?;
	let weights = packed.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
	Ok(weights.into_iter().flat_map(f32::to_le_bytes).collect())
}

impl<R: Read + Seek> Read for Unpacked<'_, R> {
	fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
		let read = self.available()?.read(buffer)?;
		self.position = self.position.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
		Ok(read)
	}
}

impl<R: Read + Seek> Seek for Unpacked<'_, R> {
	fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
		let position = match to {
			SeekFrom::Start(position) => Some(position),
			SeekFrom::End(offset) => self.size().checked_add_signed(offset),
			SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
		};
		self.position = position
			.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
		Ok(self.position)
	}
}

#[cfg(test)]
mod tests {
	use std::io::Cursor;

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
